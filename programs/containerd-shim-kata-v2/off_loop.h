// SPDX-License-Identifier: Apache-2.0
//
// A blocking call on a thread of its own, for what may take long and happens seldom, such as hooks.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <thread>
#include <type_traits>
#include <utility>

namespace kata::shim_v2 {

// Resumes the awaiting coroutine on its own executor, whose context outlives the call. Not
// cancellable.
template <class Call>
boost::asio::awaitable<std::invoke_result_t<Call&>> off_loop(Call call) {
  using Outcome = std::invoke_result_t<Call&>;
  auto start = [](auto handler, Call work) {
    auto executor = boost::asio::get_associated_executor(handler);
    std::thread([handler = std::move(handler), work = std::move(work), executor]() mutable {
      auto finish = [handler = std::move(handler), outcome = work()]() mutable {
        std::move(handler)(std::move(outcome));
      };
      boost::asio::post(executor, std::move(finish));
    }).detach();
  };
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&,
                                                 void(Outcome)>(
      std::move(start), boost::asio::use_awaitable, std::move(call));
}

}  // namespace kata::shim_v2
