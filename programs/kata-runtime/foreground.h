// SPDX-License-Identifier: Apache-2.0
//
// Waiting for a shim that shares our terminal and our stdio.
#pragma once

#include <signal.h>
#include <termios.h>

#include <optional>

#include "kata/child_process.h"
#include "kata/result.h"

namespace kata::runtime {

// Blocks the signals that are the workload's business, from before the shim is started. They wait
// until wait_for_shim() passes them on.
class ForwardedSignals {
 public:
  ForwardedSignals();
  ~ForwardedSignals();
  ForwardedSignals(const ForwardedSignals&) = delete;
  ForwardedSignals& operator=(const ForwardedSignals&) = delete;

  const sigset_t& set() const noexcept { return set_; }

 private:
  sigset_t set_{}, before_{};
};

// The terminal as it was, whatever a killed shim left behind.
class TerminalKeeper {
 public:
  TerminalKeeper();
  ~TerminalKeeper();
  TerminalKeeper(const TerminalKeeper&) = delete;
  TerminalKeeper& operator=(const TerminalKeeper&) = delete;

 private:
  std::optional<termios> before_{};
};

// Passes signals on and returns the workload's exit code. A signal that the terminal sent has
// reached the shim too, because both are its foreground process group: it is not passed on.
Result<int> wait_for_shim(ChildProcess& shim, const ForwardedSignals& signals);

}  // namespace kata::runtime
