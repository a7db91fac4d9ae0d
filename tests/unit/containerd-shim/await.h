// SPDX-License-Identifier: Apache-2.0
//
// Running one operation of a loop to its end; a hang is a failure, not a wait.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

#include "kata/result.h"

namespace kata::shim_v2 {

template <class T>
boost::asio::awaitable<void> keep(boost::asio::awaitable<T> operation, std::optional<T>& outcome) {
  outcome = co_await std::move(operation);
}

template <class T>
T await(boost::asio::io_context& loop, boost::asio::awaitable<T> operation) {
  std::optional<T> outcome;
  boost::asio::co_spawn(loop, keep(std::move(operation), outcome),
                        [](const std::exception_ptr& thrown) {
                          if (thrown) std::rethrow_exception(thrown);
                        });
  const Deadline deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  loop.restart();
  while (!outcome && std::chrono::steady_clock::now() < deadline) loop.run_one_until(deadline);
  if (!outcome) throw std::runtime_error("the operation did not complete within 30 s");
  return std::move(*outcome);
}

}  // namespace kata::shim_v2
