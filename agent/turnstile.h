// SPDX-License-Identifier: Apache-2.0
//
// One coroutine at a time, in order of arrival: what keeps the bytes of two overlapping writes to
// one stream apart. Threads: one executor.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <list>
#include <utility>

#include "kata/result.h"

namespace kata::agent {

class Turnstile {
 public:
  // Gives the turn to the next in line when it goes. Must not outlive the turnstile.
  class Turn {
   public:
    Turn() = default;
    explicit Turn(Turnstile& owner) : owner_(&owner) {}
    Turn(Turn&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (owner_ != nullptr) owner_->leave();
    }

   private:
    Turnstile* owner_ = nullptr;
  };

  explicit Turnstile(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

  // kCancelled when the awaiting coroutine is cancelled first.
  boost::asio::awaitable<Result<Turn>> enter();

 private:
  struct Waiter {
    explicit Waiter(const boost::asio::any_io_executor& executor)
        : wake(executor, boost::asio::steady_timer::time_point::max()) {}
    boost::asio::steady_timer wake;
    bool granted = false;
  };

  void leave();

  boost::asio::any_io_executor executor_;
  std::list<Waiter*> waiting_{};
  bool taken_ = false;
};

}  // namespace kata::agent
