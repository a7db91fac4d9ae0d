// SPDX-License-Identifier: Apache-2.0
//
// What the proxy answers on its socket: kata.sandbox.Sandbox itself, every other service by asking
// the guest's agent. Threads: the loop's only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "kata/result.h"
#include "kata/unique_fd.h"
#include "protocol/ttrpc/server.h"
#include "sandbox/oom_watch.h"
#include "sandbox/sandbox.h"
#include "sandbox/socket_server.h"

namespace kata::proxy {

class Service {
 public:
  // `listener` is a listening unix socket. Peers must be root or the proxy's own user.
  Service(boost::asio::any_io_executor loop, UniqueFd listener, sandbox::Sandbox& sandbox);

  // As of SocketServer.
  boost::asio::awaitable<void> accept_clients() { return clients_.accept_clients(); }
  boost::asio::awaitable<void> drain(Deadline deadline) { return clients_.drain(deadline); }

 private:
  void register_methods();
  void register_waits();

  sandbox::Sandbox& sandbox_;
  sandbox::OomWatch ooms_;
  ttrpc::Server server_;
  sandbox::SocketServer clients_;
};

}  // namespace kata::proxy
