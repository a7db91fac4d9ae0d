// SPDX-License-Identifier: Apache-2.0
#include "agent/process_list.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <string_view>

#include "agent/container/cgroup.h"
#include "agent/log_json.h"
#include "core/base/files.h"
#include "kata/concat.h"

namespace kata::agent {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kAllCommands = 512U << 10;  // bytes; a reply has at most 4 MiB
constexpr std::size_t kShortestCommand = 64, kLongestCommand = 4096;
constexpr std::size_t kSmallFile = 64U << 10;
constexpr std::uint64_t kMsPerSecond = 1000;

struct Listed {
  pid_t pid = 0, parent = 0;  // in the agent's namespace
  pid_t inner = 0;            // in the process's own
  std::uint64_t uid = 0, threads = 1, terminal = 0, cpu_ms = 0, age_ms = 0;
  std::uint64_t virtual_kib = 0, resident_kib = 0;
  char state = '?';
  std::string name{}, command{};
};

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> out;
  while (true) {
    const std::size_t start = text.find_first_not_of(" \t\n");
    if (start == std::string_view::npos) return out;
    text.remove_prefix(start);
    const std::size_t end = std::min(text.find_first_of(" \t\n"), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

// The words after "Uid:" and the like.
std::vector<std::string_view> line_of(std::string_view status, std::string_view name) {
  const std::string key = concat('\n', name, ":\t");
  const std::size_t at = status.find(key);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = status.substr(at + key.size());
  return words(rest.substr(0, rest.find('\n')));
}

std::uint64_t uptime_ms(const fs::path& proc) {
  const auto text = read_file(proc / "uptime", kSmallFile);
  if (!text.ok()) return 0;
  const std::string_view first = std::string_view(text.value()).substr(0, text.value().find(' '));
  const std::size_t dot = std::min(first.find('.'), first.size());
  const std::string_view hundredths = first.substr(std::min(dot + 1, first.size()));
  return number(first.substr(0, dot)) * kMsPerSecond + number(hundredths) * 10;
}

// proc(5): the second field is the name in parentheses, which may hold anything.
bool read_stat(const std::string& text, std::uint64_t now_ms, Listed& process) {
  const std::size_t open = text.find('('), close = text.rfind(')');
  if (open == std::string::npos || close == std::string::npos || close < open) return false;
  process.name = text.substr(open + 1, close - open - 1);
  const auto fields = words(std::string_view(text).substr(close + 1));  // from the third
  if (fields.size() < 22) return false;
  const auto ticks = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  process.state = fields[0].front();
  process.parent = static_cast<pid_t>(number(fields[1]));
  process.terminal = number(fields[4]);
  process.cpu_ms = (number(fields[11]) + number(fields[12])) * kMsPerSecond / ticks;
  process.threads = number(fields[17]);
  const std::uint64_t start_ms = number(fields[19]) * kMsPerSecond / ticks;
  process.age_ms = now_ms - std::min(now_ms, start_ms);
  process.virtual_kib = number(fields[20]) / 1024;
  process.resident_kib =
      number(fields[21]) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) / 1024;
  return true;
}

void read_status(std::string_view text, Listed& process) {
  const auto ids = line_of(text, "Uid"), pids = line_of(text, "NSpid");
  if (ids.size() > 1) process.uid = number(ids[1]);  // the effective one
  process.inner = pids.empty() ? process.pid : static_cast<pid_t>(number(pids.back()));
}

std::string command_of(const fs::path& directory, const std::string& name, std::size_t limit) {
  auto text = read_file(directory / "cmdline", 2U << 20);
  std::string command = text.ok() ? text.take() : std::string();
  while (!command.empty() && command.back() == '\0') command.pop_back();
  std::replace(command.begin(), command.end(), '\0', ' ');
  if (command.empty()) return concat('[', name, ']');
  return command.substr(0, limit);
}

std::optional<Listed> look_at(const fs::path& proc, pid_t pid, std::uint64_t now_ms,
                              std::size_t limit) {
  const fs::path directory = proc / std::to_string(pid);
  const auto stat = read_file(directory / "stat", kSmallFile);
  const auto status = read_file(directory / "status", kSmallFile);
  Listed process;
  process.pid = pid;
  if (!stat.ok() || !status.ok() || !read_stat(stat.value(), now_ms, process)) return std::nullopt;
  read_status(status.value(), process);
  process.command = command_of(directory, process.name, limit);
  return process;
}

// Unix98 pseudo-terminals are majors 136 to 143.
std::string terminal_name(std::uint64_t device) {
  const std::uint64_t major = device >> 8 & 0xfff;
  const std::uint64_t minor = (device & 0xff) | (device >> 12 & 0xfff00);
  return major >= 136 && major <= 143 ? concat("pts/", (major - 136) * 256 + minor) : "?";
}

std::string to_json(const Listed& process, pid_t parent) {
  return concat("{\"pid\":", process.inner, ",\"ppid\":", parent, ",\"uid\":", process.uid,
                ",\"threads\":", process.threads, ",\"state\":", json_string({&process.state, 1}),
                ",\"tty\":\"", terminal_name(process.terminal), "\",\"age_ms\":", process.age_ms,
                ",\"cpu_ms\":", process.cpu_ms, ",\"vsz_kib\":", process.virtual_kib,
                ",\"rss_kib\":", process.resident_kib, ",\"comm\":", json_string(process.name),
                ",\"command\":", json_string(process.command), '}');
}

}  // namespace

std::string process_list_json(const std::vector<pid_t>& pids, const fs::path& proc) {
  const std::uint64_t now_ms = uptime_ms(proc);
  const std::size_t limit = std::clamp(kAllCommands / std::max<std::size_t>(pids.size(), 1),
                                       kShortestCommand, kLongestCommand);
  std::map<pid_t, Listed> processes;
  for (const pid_t pid : pids)
    if (auto process = look_at(proc, pid, now_ms, limit)) processes.emplace(pid, *process);
  std::string text = "{\"processes\":[";
  const char* separator = "";
  for (const auto& [pid, process] : processes) {
    const auto parent = processes.find(process.parent);
    text += separator + to_json(process, parent == processes.end() ? 0 : parent->second.inner);
    separator = ",";
  }
  return text + "]}";
}

Result<std::string> list_processes(const ContainerPaths& paths) {
  const auto cgroup = KATA_TRY(open_cgroup(paths.cgroup), "list processes");
  return process_list_json(KATA_TRY(processes_of(*cgroup), "list processes"));
}

}  // namespace kata::agent
