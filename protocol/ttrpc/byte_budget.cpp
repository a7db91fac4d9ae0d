// SPDX-License-Identifier: Apache-2.0
#include "protocol/ttrpc/byte_budget.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace kata::ttrpc {

namespace asio = boost::asio;

struct ByteBudget::Waiter {
  Waiter(ByteBudget& budget, std::size_t count, Deadline deadline)
      : owner(budget), bytes(count), wake(budget.executor_, deadline) {
    owner.waiters_.push_back(this);
  }
  ~Waiter() { owner.waiters_.remove(this); }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  ByteBudget& owner;
  std::size_t bytes;
  asio::steady_timer wake;
  bool granted = false;
};

ByteBudget::ByteBudget(asio::any_io_executor executor, std::size_t limit)
    : executor_(std::move(executor)), limit_(limit) {}

asio::awaitable<Result<void>> ByteBudget::acquire(std::size_t bytes, Deadline deadline) {
  if (closed_) co_return *closed_;
  if (waiters_.empty() && fits(bytes)) {
    used_ += bytes;
    co_return Result<void>();
  }
  Waiter waiter(*this, bytes, deadline);
  boost::system::error_code error;
  co_await waiter.wake.async_wait(asio::redirect_error(asio::use_awaitable, error));
  if (waiter.granted) co_return Result<void>();
  if (closed_) co_return *closed_;
  if (!error) co_return make_error(ErrorCode::kTimeout, "the peer does not read");
  co_return make_error(ErrorCode::kCancelled, "cancelled");
}

void ByteBudget::release(std::size_t bytes) {
  used_ -= bytes;
  while (!waiters_.empty() && fits(waiters_.front()->bytes)) {
    Waiter& first = *waiters_.front();
    waiters_.pop_front();
    used_ += first.bytes;
    first.granted = true;
    first.wake.cancel();
  }
}

void ByteBudget::close(Error reason) {
  closed_ = std::move(reason);
  for (Waiter* waiter : waiters_) waiter->wake.cancel();
}

}  // namespace kata::ttrpc
