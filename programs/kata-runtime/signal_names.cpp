// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/signal_names.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <optional>
#include <string>
#include <utility>

#include "kata/concat.h"

namespace kata::runtime {
namespace {

// The kernel's numbers: glibc's SIGRTMIN hides two of them from programs.
constexpr int kRealTimeMin = 34, kLastSignal = 64;

constexpr std::array<std::pair<std::string_view, int>, 34> kNames = {{
    {"HUP", SIGHUP},     {"INT", SIGINT},       {"QUIT", SIGQUIT},     {"ILL", SIGILL},
    {"TRAP", SIGTRAP},   {"ABRT", SIGABRT},     {"IOT", SIGABRT},      {"BUS", SIGBUS},
    {"FPE", SIGFPE},     {"KILL", SIGKILL},     {"USR1", SIGUSR1},     {"SEGV", SIGSEGV},
    {"USR2", SIGUSR2},   {"PIPE", SIGPIPE},     {"ALRM", SIGALRM},     {"TERM", SIGTERM},
    {"CHLD", SIGCHLD},   {"STKFLT", SIGSTKFLT}, {"CONT", SIGCONT},     {"STOP", SIGSTOP},
    {"TSTP", SIGTSTP},   {"TTIN", SIGTTIN},     {"TTOU", SIGTTOU},     {"URG", SIGURG},
    {"XCPU", SIGXCPU},   {"XFSZ", SIGXFSZ},     {"VTALRM", SIGVTALRM}, {"PROF", SIGPROF},
    {"WINCH", SIGWINCH}, {"IO", SIGIO},         {"POLL", SIGIO},       {"PWR", SIGPWR},
    {"SYS", SIGSYS},     {"CLD", SIGCHLD},
}};

std::optional<int> decimal(std::string_view text) {
  int number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || status != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return number;
}

std::optional<int> real_time(std::string_view name) {
  for (const auto& [word, base, sign] : {std::tuple{std::string_view("RTMIN"), kRealTimeMin, '+'},
                                         {std::string_view("RTMAX"), kLastSignal, '-'}}) {
    if (name == word) return base;
    if (!name.starts_with(word) || name[word.size()] != sign) continue;
    const auto offset = decimal(name.substr(word.size() + 1));
    if (!offset || *offset < 0) return std::nullopt;
    const int number = sign == '+' ? base + *offset : base - *offset;
    return number >= kRealTimeMin && number <= kLastSignal ? std::optional(number) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

Result<int> signal_number(std::string_view text) {
  std::string name(text);
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  if (const auto number = decimal(name); number && *number >= 1 && *number <= kLastSignal)
    return *number;
  if (name.starts_with("SIG")) name.erase(0, 3);
  const auto found = std::find_if(kNames.begin(), kNames.end(),
                                  [&name](const auto& entry) { return entry.first == name; });
  if (found != kNames.end()) return found->second;
  if (const auto number = real_time(name)) return *number;
  return make_error(
      ErrorCode::kInvalidArgument,
      concat("unknown signal '", text, "': use a name such as TERM or SIGKILL, or 1 to 64"));
}

}  // namespace kata::runtime
