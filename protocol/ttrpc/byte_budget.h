// SPDX-License-Identifier: Apache-2.0
//
// A limit on bytes held in memory: who would exceed it waits, first come first served. One
// executor.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <list>
#include <optional>

#include "kata/result.h"

namespace kata::ttrpc {

class ByteBudget {
 public:
  ByteBudget(boost::asio::any_io_executor executor, std::size_t limit);

  // kTimeout at the deadline, kCancelled when the awaiting coroutine is, close()'s error after it.
  // Zero bytes: waits until the budget is not exceeded and nobody is before us.
  boost::asio::awaitable<Result<void>> acquire(std::size_t bytes,
                                               Deadline deadline = Deadline::max());
  void add(std::size_t bytes) { used_ += bytes; }  // without asking; may exceed the limit
  void release(std::size_t bytes);
  void close(Error reason);

 private:
  struct Waiter;
  bool fits(std::size_t bytes) const { return used_ + bytes <= limit_; }

  boost::asio::any_io_executor executor_;
  std::size_t limit_;
  std::size_t used_ = 0;
  std::list<Waiter*> waiters_;  // each lives in its coroutine
  std::optional<Error> closed_;
};

}  // namespace kata::ttrpc
