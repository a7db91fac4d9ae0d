// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/foreground.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

namespace kata::runtime {

ForwardedSignals::ForwardedSignals() {
  sigemptyset(&set_);
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH,
                           SIGURG, SIGIO, SIGPWR})
    sigaddset(&set_, signal);
  ::sigprocmask(SIG_BLOCK, &set_, &before_);
}

ForwardedSignals::~ForwardedSignals() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

TerminalKeeper::TerminalKeeper() {
  termios now{};
  if (::tcgetattr(STDIN_FILENO, &now) == 0) before_ = now;
}

TerminalKeeper::~TerminalKeeper() {
  if (before_) ::tcsetattr(STDIN_FILENO, TCSANOW, &*before_);
}

Result<int> wait_for_shim(ChildProcess& shim, const ForwardedSignals& signals) {
  const UniqueFd arrivals(::signalfd(-1, &signals.set(), SFD_CLOEXEC | SFD_NONBLOCK));
  if (!arrivals) return errno_error("receive signals", errno);
  for (;;) {
    pollfd items[2] = {{shim.pidfd(), POLLIN, 0}, {arrivals.get(), POLLIN, 0}};
    if (::poll(items, 2, -1) < 0 && errno != EINTR) return errno_error("wait for the shim", errno);
    if (items[0].revents != 0) break;
    signalfd_siginfo arrived{};
    if (::read(arrivals.get(), &arrived, sizeof arrived) != sizeof arrived) continue;
    if (arrived.ssi_code != SI_KERNEL)
      KATA_TRY(shim.kill(static_cast<int>(arrived.ssi_signo)), "pass a signal on");
  }
  const auto status = KATA_TRY(shim.wait(Deadline::max()), "");
  return status->code;
}

}  // namespace kata::runtime
