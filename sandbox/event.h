// SPDX-License-Identifier: Apache-2.0
//
// Something that happens once and that coroutines wait for. Threads: the loop's only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "kata/result.h"

namespace kata::sandbox {

inline boost::asio::awaitable<void> sleep_until(Deadline deadline) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, deadline);
  co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
}

class Event {
 public:
  explicit Event(boost::asio::any_io_executor executor) : timer_(executor, Deadline::max()) {}

  bool is_set() const noexcept { return set_; }

  void set() {
    set_ = true;
    timer_.cancel();
  }

  boost::asio::awaitable<void> wait() {
    while (!set_) co_await timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }

  // Returns whether it happened by then.
  boost::asio::awaitable<bool> wait_until(Deadline deadline) {
    using namespace boost::asio::experimental::awaitable_operators;
    if (!set_) co_await (wait() || sleep_until(deadline));
    co_return set_;
  }

 private:
  boost::asio::steady_timer timer_;
  bool set_ = false;
};

}  // namespace kata::sandbox
