// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/interruption.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace kata::runtime {
namespace {

// A signal handler reaches nothing but globals.
std::atomic<int> caught{0};
std::atomic<int> proxy{-1};
static_assert(std::atomic<int>::is_always_lock_free);

void end_proxy(int signal_to_send) {
  const int number = errno;
  if (proxy >= 0) ::syscall(SYS_pidfd_send_signal, proxy.load(), signal_to_send, nullptr, 0);
  errno = number;
}

void on_signal(int signal) {
  const bool again = caught.exchange(signal) != 0;
  end_proxy(again ? SIGKILL : SIGTERM);
}

}  // namespace

Interruption::Interruption() {
  caught = 0;
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  for (std::size_t at = 0; at < kSignals.size(); ++at)
    ::sigaction(kSignals[at], &action, &before_[at]);
}

Interruption::~Interruption() {
  for (std::size_t at = 0; at < kSignals.size(); ++at)
    ::sigaction(kSignals[at], &before_[at], nullptr);
  proxy = -1;
}

void Interruption::watch(int proxy_pidfd) {
  proxy = proxy_pidfd;
  if (caught != 0) end_proxy(SIGTERM);
}

int Interruption::signal() noexcept { return caught; }

}  // namespace kata::runtime
