// SPDX-License-Identifier: Apache-2.0
//
// poll(2) of one descriptor until a deadline.
#pragma once

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "kata/result.h"

namespace kata::vmm {

// 1: ready (or hung up); 0: the deadline came first; -1: errno says why. A deadline in the past
// still looks once.
inline int poll_fd(int fd, short events, Deadline deadline) noexcept {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd item{fd, events, 0};
    const auto timeout = std::clamp<std::chrono::milliseconds::rep>(left.count(), 0, 60'000);
    const int ready = ::poll(&item, 1, static_cast<int>(timeout));
    if (ready < 0 && errno == EINTR) continue;
    if (ready != 0 || left.count() <= timeout) return ready;
  }
}

}  // namespace kata::vmm
