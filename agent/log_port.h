// SPDX-License-Identifier: Apache-2.0
//
// The log as a stream for the host: whoever connects gets what was kept, then each new line.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <list>
#include <string>

#include "core/base/log.h"
#include "kata/unique_fd.h"

namespace kata::agent {

// Threads: the agent's only one. Made before the loop, it keeps what is logged until somebody
// reads.
class LogPort final : public log::Sink {
 public:
  static constexpr std::size_t kBytesKept = 256U << 10;

  void write(log::Level level, std::string_view message,
             std::initializer_list<log::Field> fields) noexcept override;

  // Until the reader goes. One that is too slow misses lines, and is told how many.
  boost::asio::awaitable<void> serve(UniqueFd connection);

 private:
  void keep(std::string line);
  std::string next_lines(std::uint64_t& position) const;

  std::deque<std::string> lines_{};
  std::uint64_t first_ = 0;  // the number of lines_.front()
  std::size_t bytes_ = 0;
  std::list<boost::asio::steady_timer*> readers_{};  // asleep until the next line
};

}  // namespace kata::agent
