// SPDX-License-Identifier: Apache-2.0
//
// A management socket: a few clients at a time, one request each, every wait with a limit. Peers
// must be root or the process's own user. Threads: the loop's only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <chrono>
#include <string>

#include "kata/result.h"
#include "kata/unique_fd.h"
#include "sandbox/event.h"
#include "sandbox/management/http.h"
#include "sandbox/management/subject.h"

namespace kata::management {

struct Limits {
  std::size_t clients = 8;  // further ones wait in the socket's queue
  std::chrono::milliseconds request{10'000}, reply{10'000};
};

class Server {
 public:
  // `listener` is a listening unix socket (listen_unix makes it 0600), in a directory that is 0700.
  // `subject` outlives the server.
  Server(boost::asio::any_io_executor loop, UniqueFd listener, Subject& subject,
         Limits limits = {});

  boost::asio::awaitable<void> accept_clients();  // until drain()

  // Takes no more clients, and waits until those connected have gone or the deadline has come.
  // Destroy the server after that and with its loop stopped, or with no client left.
  boost::asio::awaitable<void> drain(Deadline deadline);

 private:
  using Socket = boost::asio::local::stream_protocol::socket;

  boost::asio::awaitable<void> serve(Socket client);
  boost::asio::awaitable<void> converse(Socket& client);
  boost::asio::awaitable<Result<Response>> respond(Socket& client);

  boost::asio::any_io_executor loop_;
  boost::asio::local::stream_protocol::acceptor listener_;
  Subject& subject_;
  Limits limits_;
  sandbox::Event idle_;
  boost::asio::steady_timer room_;  // cancelled when a client goes
  std::size_t clients_ = 0;
  bool closing_ = false;
};

}  // namespace kata::management
