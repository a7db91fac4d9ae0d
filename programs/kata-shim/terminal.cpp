// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-shim/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

namespace kata::shim {

RawTerminal::RawTerminal() {
  termios now{};
  if (::tcgetattr(STDIN_FILENO, &now) != 0) return;
  before_ = now;
  if (::getsid(0) == ::getpid()) ::ioctl(STDIN_FILENO, TIOCSCTTY, 0);
  ::cfmakeraw(&now);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &now);
}

RawTerminal::~RawTerminal() {
  // Not TCSADRAIN: it would wait for a reader of the terminal who may have gone.
  if (before_) ::tcsetattr(STDIN_FILENO, TCSANOW, &*before_);
}

std::optional<TerminalSize> terminal_size() {
  winsize size{};
  if (::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0) return std::nullopt;
  return TerminalSize{size.ws_row, size.ws_col};
}

}  // namespace kata::shim
