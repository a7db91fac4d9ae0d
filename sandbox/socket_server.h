// SPDX-License-Identifier: Apache-2.0
//
// A ttRPC server on a unix socket. Each call is its own coroutine, so a client that does not read
// its replies delays nobody. Threads: the loop's only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "kata/result.h"
#include "kata/unique_fd.h"
#include "protocol/ttrpc/server.h"
#include "sandbox/event.h"

namespace kata::sandbox {

class SocketServer {
 public:
  // `listener` is a listening unix socket. Peers must be root or this process's own user.
  SocketServer(boost::asio::any_io_executor loop, UniqueFd listener, ttrpc::Server& server);

  boost::asio::awaitable<void> accept_clients();  // until drain()

  // Takes no more clients, and waits until those connected have gone or the deadline has come.
  boost::asio::awaitable<void> drain(Deadline deadline);

 private:
  boost::asio::awaitable<void> serve(UniqueFd client);

  boost::asio::any_io_executor loop_;
  boost::asio::posix::stream_descriptor listener_;
  ttrpc::Server& server_;
  Event idle_;
  std::size_t clients_ = 0;
  bool closing_ = false;
};

}  // namespace kata::sandbox
