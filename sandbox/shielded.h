// SPDX-License-Identifier: Apache-2.0
//
// For what must not stop in the middle: an operation that goes on to its end, or to its undoing,
// even if the caller that awaits it is cancelled.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <optional>
#include <utility>

#include "kata/result.h"

namespace kata::sandbox {

namespace detail {

template <class T>
boost::asio::awaitable<void> finish(boost::asio::awaitable<Result<T>> operation,
                                    std::optional<Result<T>>& outcome) {
  co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
  outcome = co_await std::move(operation);
}

}  // namespace detail

template <class T>
boost::asio::awaitable<Result<T>> shielded(boost::asio::awaitable<Result<T>> operation) {
  std::optional<Result<T>> outcome;
  const auto loop = co_await boost::asio::this_coro::executor;
  co_await boost::asio::co_spawn(loop, detail::finish(std::move(operation), outcome),
                                 boost::asio::use_awaitable);
  co_return std::move(*outcome);
}

}  // namespace kata::sandbox
