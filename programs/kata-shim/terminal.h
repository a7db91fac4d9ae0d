// SPDX-License-Identifier: Apache-2.0
//
// The host's end of a workload's terminal. The guest's pty does the line editing, so ours is raw.
#pragma once

#include <termios.h>

#include <cstdint>
#include <optional>

namespace kata::shim {

// Makes stdin raw, and takes it as the controlling terminal when we lead a session (for SIGWINCH);
// the destructor restores it. Without a terminal on stdin it does nothing.
class RawTerminal {
 public:
  RawTerminal();
  ~RawTerminal();
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

 private:
  std::optional<termios> before_{};
};

struct TerminalSize {
  std::uint32_t rows = 0, columns = 0;
};

std::optional<TerminalSize> terminal_size();  // of stdin; nullopt when unknown

}  // namespace kata::shim
