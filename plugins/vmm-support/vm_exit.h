// SPDX-License-Identifier: Apache-2.0
//
// Why a VM ended, in one line for people, from everything it left behind.
#pragma once

#include <string>
#include <string_view>

#include "kata/child_process.h"

namespace kata::vmm {

struct LastWords {
  std::string_view vmm{};  // "QEMU"
  ExitStatus status{};
  std::string stderr_tail{};
  std::string console_tail{};
  bool rebooted = false;  // the guest asked for a reboot
  bool killed = false;    // from outside, although the status is 0
};

// The lines of a console that tell of a kernel panic, joined by "; "; empty: there are none.
std::string panic_lines(std::string_view console_tail);

// "exit code 1" or "signal 9 (Killed)".
std::string describe_status(ExitStatus status);

std::string describe_exit(const LastWords& words);

}  // namespace kata::vmm
