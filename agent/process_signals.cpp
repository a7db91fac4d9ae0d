// SPDX-License-Identifier: Apache-2.0
#include "agent/process_signals.h"

#include <signal.h>

#include <array>
#include <charconv>

#include "core/base/files.h"
#include "kata/concat.h"

namespace kata::agent {

Result<void> signal_process(pid_t pid, int number) {
  if (::kill(pid, number) == 0 || errno == ESRCH) return {};
  return errno_error(concat("send signal ", number), errno);
}

bool minds_signal(std::string_view proc_status, int number) noexcept {
  using namespace std::string_view_literals;
  if (number < 1 || number > 64) return false;
  for (const std::string_view key : std::array{"\nSigBlk:\t"sv, "\nSigIgn:\t"sv, "\nSigCgt:\t"sv}) {
    const std::size_t at = proc_status.find(key);
    if (at == std::string_view::npos) continue;
    const char* begin = proc_status.data() + at + key.size();
    std::uint64_t mask = 0;
    std::from_chars(begin, proc_status.data() + proc_status.size(), mask, 16);
    if ((mask >> (number - 1)) & 1U) return true;
  }
  return false;
}

int signal_for_init(pid_t pid, int number) {
  if (number != SIGTERM) return number;
  const auto status = read_file(concat("/proc/", pid, "/status"));
  return status.ok() && !minds_signal(status.value(), SIGTERM) ? SIGKILL : SIGTERM;
}

}  // namespace kata::agent
