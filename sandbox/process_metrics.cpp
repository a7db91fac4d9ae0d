// SPDX-License-Identifier: Apache-2.0
#include "sandbox/process_metrics.h"

#include <algorithm>
#include <sstream>
#include <utility>
#include <vector>

#include "core/base/files.h"
#include "kata/concat.h"

namespace kata::sandbox {

namespace fs = std::filesystem;

namespace {

using Items = std::vector<std::pair<std::string, std::string>>;  // name, number

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

// "VmRSS:\t  1234 kB" → {"vmrss", "1234"}, for names that begin with `beginning`.
Items numbers_of(const std::string& text, std::string_view beginning) {
  Items items;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || !line.starts_with(beginning)) continue;
    std::istringstream rest(line.substr(colon + 1));
    unsigned long long number = 0;
    if (rest >> number) items.emplace_back(lower(line.substr(0, colon)), std::to_string(number));
  }
  return items;
}

// The fields after the name, which may hold spaces and parentheses.
std::vector<std::string> stat_fields(const std::string& text) {
  std::istringstream rest(text.substr(std::min(text.rfind(')'), text.size() - 1) + 1));
  std::vector<std::string> fields;
  for (std::string field; rest >> field;) fields.push_back(field);
  return fields;
}

std::string family(const std::string& name, const char* help, const Items& items) {
  if (items.empty()) return {};
  std::string text = concat("# HELP ", name, ' ', help, "\n# TYPE ", name, " gauge\n");
  for (const auto& [item, number] : items)
    text += item.empty() ? concat(name, ' ', number, '\n')
                         : concat(name, "{item=\"", item, "\"} ", number, '\n');
  return text;
}

Items count_of(const fs::path& directory) {
  std::error_code failure;
  const auto entries = fs::directory_iterator(directory, failure);
  if (failure) return {};
  return {{"", std::to_string(std::distance(begin(entries), end(entries)))}};
}

std::string text_of(const fs::path& file) {
  auto text = read_file(file, 1U << 20);
  return text.ok() ? text.take() : std::string();
}

Items stat_items(const fs::path& process) {
  constexpr std::pair<const char*, std::size_t> kFields[] = {
      {"utime", 11}, {"stime", 12}, {"cutime", 13}, {"cstime", 14}};
  const std::string text = text_of(process / "stat");
  if (text.empty()) return {};
  const auto fields = stat_fields(text);
  Items items;
  for (const auto& [name, at] : kFields)
    if (at < fields.size()) items.emplace_back(name, fields[at]);
  return items;
}

}  // namespace

std::string process_metrics(std::string_view prefix, pid_t pid, const fs::path& proc) {
  const fs::path process = proc / std::to_string(pid);
  const auto name = [&](const char* rest) { return concat(prefix, rest); };
  return family(name("_threads"), "Threads of the process.", count_of(process / "task")) +
         family(name("_fds"), "Open file descriptors.", count_of(process / "fd")) +
         family(name("_proc_stat"), "CPU time in clock ticks.", stat_items(process)) +
         family(name("_proc_status"), "Memory in KiB.",
                numbers_of(text_of(process / "status"), "Vm")) +
         family(name("_io_stat"), "Input and output of the process.",
                numbers_of(text_of(process / "io"), ""));
}

}  // namespace kata::sandbox
