// SPDX-License-Identifier: Apache-2.0
//
// What the proxy answers on its socket: kata.sandbox.Sandbox itself, every other service by asking
// the guest's agent. Each call is its own coroutine, so a caller that does not read its replies
// delays nobody. Threads: the loop's only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "kata/result.h"
#include "kata/unique_fd.h"
#include "programs/kata-proxy/oom_watch.h"
#include "protocol/ttrpc/server.h"
#include "sandbox/event.h"
#include "sandbox/sandbox.h"

namespace kata::proxy {

class Service {
 public:
  // `listener` is a listening unix socket. Peers must be root or the proxy's own user.
  Service(boost::asio::any_io_executor loop, UniqueFd listener, sandbox::Sandbox& sandbox);

  boost::asio::awaitable<void> accept_clients();  // until drain()

  // Takes no more clients, and waits until those connected have gone or the deadline has come.
  boost::asio::awaitable<void> drain(Deadline deadline);

 private:
  void register_methods();
  boost::asio::awaitable<void> serve(UniqueFd client);

  boost::asio::any_io_executor loop_;
  boost::asio::posix::stream_descriptor listener_;
  sandbox::Sandbox& sandbox_;
  OomWatch ooms_;
  ttrpc::Server server_;
  sandbox::Event idle_;
  std::size_t clients_ = 0;
  bool closing_ = false;
};

}  // namespace kata::proxy
