// SPDX-License-Identifier: Apache-2.0
#include "agent/log_port.h"

#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "agent/log_json.h"
#include "kata/concat.h"

namespace asio = boost::asio;

namespace kata::agent {
namespace {

constexpr std::size_t kChunk = 32U << 10;

}  // namespace

void LogPort::write(log::Level level, std::string_view message,
                    std::initializer_list<log::Field> fields) noexcept {
  keep(json_line(level, message, fields, std::chrono::system_clock::now(), ::getpid()));
  for (asio::steady_timer* const reader : readers_) reader->cancel();
}

void LogPort::keep(std::string line) {
  bytes_ += line.size();
  lines_.push_back(std::move(line));
  while (bytes_ > kBytesKept && lines_.size() > 1) {
    bytes_ -= lines_.front().size();
    lines_.pop_front();
    ++first_;
  }
}

std::string LogPort::next_lines(std::uint64_t& position) const {
  std::string text;
  if (position < first_) {
    const std::string missed = std::to_string(first_ - position);
    text = json_line(log::Level::kWarn, "the log was read too slowly: lines are missing",
                     {{"lines", missed}}, std::chrono::system_clock::now(), ::getpid());
    position = first_;
  }
  while (position < first_ + lines_.size() && text.size() < kChunk)
    text += lines_[position++ - first_];
  return text;
}

asio::awaitable<void> LogPort::serve(UniqueFd connection) {
  const auto executor = co_await asio::this_coro::executor;
  asio::posix::stream_descriptor stream(executor, connection.release());
  asio::steady_timer sleep(executor, asio::steady_timer::time_point::max());
  for (std::uint64_t position = first_;;) {
    const std::string text = next_lines(position);
    if (text.empty()) {
      const auto entry = readers_.insert(readers_.end(), &sleep);
      co_await sleep.async_wait(asio::as_tuple(asio::use_awaitable));
      readers_.erase(entry);
      if ((co_await asio::this_coro::cancellation_state).cancelled() !=
          asio::cancellation_type::none)
        co_return;
      continue;
    }
    const auto [error, written] =
        co_await asio::async_write(stream, asio::buffer(text), asio::as_tuple(asio::use_awaitable));
    if (error) co_return;
  }
}

}  // namespace kata::agent
