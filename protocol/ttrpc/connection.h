// SPDX-License-Identifier: Apache-2.0
//
// Frames over one byte stream, for client.cpp and server.cpp. The stream is anything epoll knows:
// a socket or a character device. One coroutine writes what is queued; reading is the owner's, who
// stops when it has enough. One executor, whose context outlives the connection.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "kata/result.h"
#include "kata/unique_fd.h"
#include "protocol/ttrpc/byte_budget.h"
#include "protocol/ttrpc/frame_scanner.h"

namespace kata::ttrpc {

inline constexpr std::size_t kMaxInFlight = 16U
                                            << 20;  // bytes queued to be written, or in handlers

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::any_io_executor executor, UniqueFd stream, MessageType incoming,
             bool resynchronise);

  void start();  // once, before the first send

  // Sends a whole frame, in one piece or two, whose bytes the caller has acquired from, or added
  // to, outgoing(). It leaves at once unless others wait, or are about to: those go in one write.
  void send(std::string frame, std::string rest = {});
  ByteBudget& outgoing() { return outgoing_; }

  // The next frame, or why there is none: the connection is then closed, except when the awaiting
  // coroutine was cancelled. One caller at a time.
  boost::asio::awaitable<Result<Frame>> receive();
  FrameScanner& scanner() { return scanner_; }

  // Closes the stream at once; what is queued is lost. Only the first reason counts.
  void close(Error reason);
  const std::optional<Error>& closed() const { return closed_; }

 private:
  static boost::asio::awaitable<void> write_queue(std::shared_ptr<Connection> self);
  int write_some();
  void written(std::size_t bytes);
  void write_now();
  boost::asio::awaitable<Result<void>> wait_readable();
  boost::asio::awaitable<Result<void>> wait_readable_only();
  boost::asio::awaitable<Result<void>> wait_readable_or_stall();
  void read_some();

  bool resynchronise_;
  bool is_socket_ = false;
  FrameScanner scanner_;
  boost::asio::posix::stream_descriptor stream_;
  boost::asio::steady_timer queued_;    // cancelled when there is something to write
  boost::asio::steady_timer readable_;  // cancelled when there is something to read
  bool waits_readable_ = false;         // an async_wait on stream_ is under way
  ByteBudget outgoing_;
  std::deque<std::string> queue_;
  std::size_t front_written_ = 0;  // bytes of queue_.front()
  std::optional<Error> closed_;
};

}  // namespace kata::ttrpc
