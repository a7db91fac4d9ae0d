// SPDX-License-Identifier: Apache-2.0
//
// An event loop that a test turns by hand, and a peer that speaks in raw frames.
#pragma once

#include <fcntl.h>
#include <poll.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "protocol/ttrpc/frame_scanner.h"
#include "tests/unit/protocol/bytes.h"

namespace kata::ttrpc {

// The outcome of a coroutine, once it has one.
template <class T>
using Outcome = std::shared_ptr<std::optional<T>>;

class Loop {
 public:
  boost::asio::io_context::executor_type executor() { return context_.get_executor(); }

  template <class T>
  Outcome<T> start(boost::asio::awaitable<T> task) {
    auto outcome = std::make_shared<std::optional<T>>();
    boost::asio::co_spawn(context_, store(std::move(task), outcome), boost::asio::detached);
    return outcome;
  }

  template <class T>
  Outcome<T> start(boost::asio::awaitable<T> task, boost::asio::cancellation_signal& cancel) {
    auto outcome = std::make_shared<std::optional<T>>();
    boost::asio::co_spawn(
        context_, store(std::move(task), outcome),
        boost::asio::bind_cancellation_slot(cancel.slot(), boost::asio::detached));
    return outcome;
  }

  // False when five seconds were not enough.
  bool run_until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (!done()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      context_.restart();
      context_.run_one_for(std::chrono::milliseconds(20));
    }
    return true;
  }

  template <class T>
  T result(const Outcome<T>& outcome) {
    if (!run_until([&] { return outcome->has_value(); })) throw std::runtime_error("no outcome");
    return std::move(**outcome);
  }

  // Until nothing is left to do without another event.
  void settle() {
    context_.restart();
    while (context_.poll() > 0) context_.restart();
  }

 private:
  template <class T>
  static boost::asio::awaitable<void> store(boost::asio::awaitable<T> task, Outcome<T> outcome) {
    outcome->emplace(co_await std::move(task));
  }

  boost::asio::io_context context_;
};

class RawPeer {
 public:
  RawPeer(Loop& loop, UniqueFd fd) : loop_(loop), fd_(std::move(fd)) {
    ::fcntl(fd_.get(), F_SETFL, O_NONBLOCK);
  }

  // Sends as much as the other end takes; returns how much.
  std::size_t send_some(std::string_view bytes) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return sent < 0 ? 0 : static_cast<std::size_t>(sent);
  }

  bool send(std::string_view bytes) {
    return loop_.run_until([&] {
      bytes.remove_prefix(send_some(bytes));
      loop_.settle();
      return bytes.empty();
    });
  }

  std::optional<Frame> receive() {
    std::optional<Frame> frame;
    loop_.run_until([&] {
      read_some();
      frame = scanner_.next();
      return frame.has_value();
    });
    return frame;
  }

  void close() { fd_.reset(); }

 private:
  void read_some() {
    static char buffer[256U << 10];
    const ssize_t got = ::recv(fd_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (got > 0) scanner_.feed(std::string_view(buffer, static_cast<std::size_t>(got)));
  }

  Loop& loop_;
  UniqueFd fd_;
  FrameScanner scanner_;
};

}  // namespace kata::ttrpc
