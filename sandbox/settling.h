// SPDX-License-Identifier: Apache-2.0
//
// A process that has started something, and has nothing to do now, gives back what only that
// needed: the pages of code and constants, and what is free of the heap.
//
// Threads: the loop's only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

namespace kata::sandbox {

class Settling {
 public:
  explicit Settling(const boost::asio::any_io_executor& loop) : quiet_(loop) {}

  // Something has been started: a second after the last of these the process settles.
  void begin();

 private:
  boost::asio::steady_timer quiet_;
};

}  // namespace kata::sandbox
