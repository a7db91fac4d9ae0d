// SPDX-License-Identifier: Apache-2.0
//
// Waiting for one descriptor without an event loop.
#pragma once

#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "kata/result.h"

namespace kata::ttrpc {

inline bool make_nonblocking(int fd) noexcept {
  const int flags = ::fcntl(fd, F_GETFL);
  return flags >= 0 && ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

// Until one of `events` (or an error, or the end) shows on fd; kTimeout at the deadline.
inline Result<void> poll_until(int fd, short events, Deadline deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        std::max(deadline - std::chrono::steady_clock::now(), Deadline::duration::zero()));
    pollfd item{.fd = fd, .events = events, .revents = 0};
    const int ready =
        ::poll(&item, 1, static_cast<int>(std::min<std::int64_t>(left.count(), INT_MAX)));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return errno_error("poll", errno);
    if (std::chrono::steady_clock::now() >= deadline)
      return make_error(ErrorCode::kTimeout, "not ready in time");
  }
}

}  // namespace kata::ttrpc
