// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-systemd-scope/device_names.h"

#include <sstream>

#include "kata/concat.h"

namespace kata::systemd_scope {

namespace {

// Empty: no driver has this number.
std::string driver_of(const sandbox::DeviceRule& rule, std::string_view proc_devices) {
  std::istringstream lines{std::string(proc_devices)};
  bool right_type = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with(':')) right_type = line.starts_with(rule.type == 'c' ? "Char" : "Block");
    std::istringstream words(line);
    std::int32_t number = -1;
    std::string driver;
    if (right_type && words >> number >> driver && number == rule.major) return driver;
  }
  return {};
}

std::string name_of(const sandbox::DeviceRule& rule, std::string_view proc_devices) {
  const char* type = rule.type == 'c' ? "char" : "block";
  if (rule.major < 0) return concat(type, "-*");
  if (rule.minor >= 0) return concat("/dev/", type, '/', rule.major, ':', rule.minor);
  const std::string driver = driver_of(rule, proc_devices);
  return driver.empty() ? std::string() : concat(type, '-', driver);
}

}  // namespace

std::vector<DeviceAllow> device_names(const std::vector<sandbox::DeviceRule>& rules,
                                      std::string_view proc_devices) {
  std::vector<DeviceAllow> names;
  for (const sandbox::DeviceRule& rule : rules)
    if (std::string name = name_of(rule, proc_devices); !name.empty())
      names.push_back({std::move(name), rule.access});
  return names;
}

}  // namespace kata::systemd_scope
