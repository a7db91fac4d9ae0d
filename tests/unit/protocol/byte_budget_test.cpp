// SPDX-License-Identifier: Apache-2.0
#include "protocol/ttrpc/byte_budget.h"

#include <doctest/doctest.h>

#include "tests/unit/protocol/loop.h"

namespace kata::ttrpc {

TEST_CASE("a budget is given out first come first served") {
  Loop loop;
  ByteBudget budget(loop.executor(), 10);
  const auto first = loop.start(budget.acquire(10));
  const auto large = loop.start(budget.acquire(8));
  const auto small = loop.start(budget.acquire(1));
  loop.settle();
  CHECK(first->has_value());
  CHECK_FALSE(small->has_value());
  budget.release(5);
  loop.settle();
  CHECK_FALSE(large->has_value());
  CHECK_FALSE(small->has_value());
  budget.release(5);
  loop.settle();
  CHECK(large->has_value());
  CHECK(small->has_value());
}

TEST_CASE("an exceeded budget makes even zero bytes wait") {
  Loop loop;
  ByteBudget budget(loop.executor(), 10);
  budget.add(11);
  const auto nothing = loop.start(budget.acquire(0));
  loop.settle();
  CHECK_FALSE(nothing->has_value());
  budget.release(1);
  CHECK(loop.result(nothing).ok());
}

TEST_CASE("closing a budget fails who waits and who comes later") {
  Loop loop;
  ByteBudget budget(loop.executor(), 1);
  const auto waiting = loop.start(budget.acquire(2));
  loop.settle();
  budget.close(make_error(ErrorCode::kUnavailable, "gone"));
  CHECK(loop.result(waiting).error().message == "gone");
  CHECK(loop.result(loop.start(budget.acquire(1))).error().message == "gone");
}

TEST_CASE("waiting for a budget ends at the deadline or when cancelled and leaves the queue") {
  Loop loop;
  ByteBudget budget(loop.executor(), 1);
  budget.add(1);
  const auto now = std::chrono::steady_clock::now();
  CHECK(loop.result(loop.start(budget.acquire(1, now))).error().code == ErrorCode::kTimeout);
  boost::asio::cancellation_signal cancel;
  const auto waiting = loop.start(budget.acquire(1), cancel);
  loop.settle();
  cancel.emit(boost::asio::cancellation_type::terminal);
  CHECK(loop.result(waiting).error().code == ErrorCode::kCancelled);
  budget.release(1);
  CHECK(loop.result(loop.start(budget.acquire(1))).ok());
}

}  // namespace kata::ttrpc
