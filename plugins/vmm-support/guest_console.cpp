// SPDX-License-Identifier: Apache-2.0
#include "guest_console.h"

#include <unistd.h>

#include "console_log.h"

namespace kata::vmm {
namespace {

constexpr std::uint32_t kKeptLines = 20;

}  // namespace

std::string GuestConsole::tail(std::uint32_t lines) const {
  if (std::string end = read_tail(log_, lines); !end.empty()) return end;
  const std::lock_guard lock(mutex_);
  return tail_of(last_, lines);
}

void GuestConsole::remove_file() {
  if (std::string end = read_tail(log_, kKeptLines); !end.empty()) {
    const std::lock_guard lock(mutex_);
    last_ = std::move(end);
  }
  ::unlink(log_.c_str());
}

}  // namespace kata::vmm
