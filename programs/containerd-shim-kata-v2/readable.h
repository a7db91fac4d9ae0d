// SPDX-License-Identifier: Apache-2.0
//
// Waiting for a descriptor on the loop.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "kata/result.h"
#include "sandbox/event.h"

namespace kata::shim_v2 {

// Whether `fd`, which is lent, polls readable (a pidfd: its process has ended) by the deadline.
inline boost::asio::awaitable<bool> readable_by(int fd, Deadline deadline) {
  using namespace boost::asio::experimental::awaitable_operators;
  using Descriptor = boost::asio::posix::stream_descriptor;
  const auto loop = co_await boost::asio::this_coro::executor;
  Descriptor mine(loop, ::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  const auto first = co_await (
      mine.async_wait(Descriptor::wait_read, boost::asio::as_tuple(boost::asio::use_awaitable)) ||
      sandbox::sleep_until(deadline));
  co_return first.index() == 0;
}

}  // namespace kata::shim_v2
