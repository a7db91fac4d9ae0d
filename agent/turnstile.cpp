// SPDX-License-Identifier: Apache-2.0
#include "agent/turnstile.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace asio = boost::asio;

namespace kata::agent {

asio::awaitable<Result<Turnstile::Turn>> Turnstile::enter() {
  if (!taken_) {
    taken_ = true;
    co_return Turn(*this);
  }
  Waiter waiter(executor_);
  // Also leaves the line when the coroutine is destroyed while it waits.
  struct InLine {
    std::list<Waiter*>& line;
    Waiter* waiter;
    ~InLine() { line.remove(waiter); }
  };
  waiting_.push_back(&waiter);
  const InLine in_line{waiting_, &waiter};
  co_await waiter.wake.async_wait(asio::as_tuple(asio::use_awaitable));
  if (!waiter.granted) co_return make_error(ErrorCode::kCancelled, "the call was cancelled");
  co_return Turn(*this);
}

void Turnstile::leave() {
  if (waiting_.empty()) {
    taken_ = false;
    return;
  }
  Waiter* next = waiting_.front();
  waiting_.pop_front();
  next->granted = true;  // the turn stays taken: it is handed over
  next->wake.cancel();
}

}  // namespace kata::agent
