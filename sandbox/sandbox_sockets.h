// SPDX-License-Identifier: Apache-2.0
//
// The sockets through which others look at a running sandbox, in its directory, all 0600:
//   agent.sock          the agent's services, forwarded with stream ids of this process's own
//   shim-monitor.sock   HTTP: metrics and the packet filter (sandbox/management/endpoints.h)
//   debug-console.sock  a shell on the guest, where the configuration asks for one
// Threads: the loop's only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <filesystem>
#include <memory>

#include "kata/result.h"
#include "protocol/ttrpc/server.h"
#include "sandbox/console_relay.h"
#include "sandbox/management/sandbox_subject.h"
#include "sandbox/management/server.h"
#include "sandbox/sandbox.h"
#include "sandbox/socket_server.h"

namespace kata::sandbox {

class SandboxSockets {
 public:
  // Answers from now on. `sandbox` outlives the object.
  static Result<std::unique_ptr<SandboxSockets>> open(boost::asio::any_io_executor loop,
                                                      const std::filesystem::path& directory,
                                                      Sandbox& sandbox);

  // Once the sandbox is up, which is when it has a debug console or none.
  void open_console(boost::asio::any_io_executor loop, const Sandbox& sandbox);

  // Takes no more clients, removes the sockets, and waits until those connected have gone or the
  // deadline has come.
  boost::asio::awaitable<void> close(Deadline deadline);

 private:
  SandboxSockets(boost::asio::any_io_executor loop, const std::filesystem::path& directory,
                 Sandbox& sandbox, UniqueFd agent, UniqueFd monitor);

  std::filesystem::path directory_;
  ttrpc::Server forwarder_{};
  SocketServer agent_;
  management::SandboxSubject subject_;
  management::Server monitor_;
  std::shared_ptr<ConsoleRelay> console_{};  // null: the guest has none
};

}  // namespace kata::sandbox
