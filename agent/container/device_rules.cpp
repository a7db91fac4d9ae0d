// SPDX-License-Identifier: Apache-2.0
#include "agent/container/device_rules.h"

#include "kata/concat.h"
#include "oci.pb.h"

namespace kata::agent {
namespace {

constexpr std::int64_t kMaxNumber = 0xffffffff;

Error invalid(std::string message) {
  return make_error(ErrorCode::kInvalidArgument, std::move(message));
}

Result<void> take_access(const std::string& access, DeviceRule& rule) {
  for (const char letter : access) {
    if (letter == 'r')
      rule.read = true;
    else if (letter == 'w')
      rule.write = true;
    else if (letter == 'm')
      rule.make = true;
    else
      return invalid(concat("access '", access, "': only r, w and m are known"));
  }
  if (access.empty() && rule.allow) return invalid("access: is empty");
  if (access.empty()) rule.read = rule.write = rule.make = true;
  return {};
}

Result<DeviceRule> plan_rule(const grpc::LinuxDeviceCgroup& source) {
  DeviceRule rule;
  rule.allow = source.allow();
  const std::string& type = source.type();
  if (!type.empty() && type != "a" && type != "b" && type != "c")
    return invalid(concat("unknown device type '", type, "'"));
  if (!type.empty()) rule.type = type.front();
  if (source.major() < -1 || source.major() > kMaxNumber || source.minor() < -1 ||
      source.minor() > kMaxNumber)
    return invalid(concat("device number ", source.major(), ":", source.minor()));
  if (source.major() > 0) rule.major = static_cast<std::uint32_t>(source.major());
  if (source.minor() > 0 || (source.minor() == 0 && rule.allow && rule.major))
    rule.minor = static_cast<std::uint32_t>(source.minor());
  KATA_TRY(take_access(source.access(), rule), "");
  return rule;
}

DeviceRule allowed(char type, std::optional<std::uint32_t> major,
                   std::optional<std::uint32_t> minor) {
  return {true, type, major, minor, true, true, true};
}

// Any node may be made: opening it is what the rules decide.
void add_defaults(std::vector<DeviceRule>& rules) {
  for (const char type : {'c', 'b'}) rules.push_back({true, type, {}, {}, false, false, true});
  for (const std::uint32_t minor : {3U, 5U, 7U, 8U, 9U})  // null zero full random urandom
    rules.push_back(allowed('c', 1, minor));
  for (const std::uint32_t minor : {0U, 1U, 2U})  // tty console ptmx
    rules.push_back(allowed('c', 5, minor));
  rules.push_back(allowed('c', 136, {}));  // pts
}

}  // namespace

Result<std::vector<DeviceRule>> plan_device_rules(const grpc::Linux& spec) {
  std::vector<DeviceRule> rules;
  for (const auto& source : spec.resources().devices())
    rules.push_back(
        KATA_TRY(plan_rule(source), concat("linux.resources.devices[", rules.size(), "]")));
  for (const auto& node : spec.devices())
    if (node.type() != "p")
      rules.push_back(allowed(node.type() == "b" ? 'b' : 'c',
                              static_cast<std::uint32_t>(node.major()),
                              static_cast<std::uint32_t>(node.minor())));
  add_defaults(rules);
  return rules;
}

std::string device_rule_text(const DeviceRule& rule) {
  const auto number = [](const std::optional<std::uint32_t>& value) {
    return value ? std::to_string(*value) : std::string("*");
  };
  return concat(rule.type, ' ', number(rule.major), ':', number(rule.minor), ' ',
                rule.read ? "r" : "", rule.write ? "w" : "", rule.make ? "m" : "");
}

}  // namespace kata::agent
