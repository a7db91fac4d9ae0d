// SPDX-License-Identifier: Apache-2.0
//
// SIGINT, SIGTERM, SIGHUP and SIGQUIT while a sandbox is being made: they end its proxy, so that
// whatever waits for the proxy returns with an error and the caller can undo its work.
#pragma once

#include <signal.h>

#include <array>
#include <string>

namespace kata::runtime {

// At most one at a time in a program. The proxy gets SIGTERM at the first signal, SIGKILL at the
// next.
class Interruption {
 public:
  Interruption();
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  void watch(int proxy_pidfd);   // lent, until the next watch(); -1: nobody
  static int signal() noexcept;  // 0: none so far

 private:
  static constexpr std::array<int, 4> kSignals = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  std::array<struct sigaction, kSignals.size()> before_{};
};

}  // namespace kata::runtime
