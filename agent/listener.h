// SPDX-License-Identifier: Apache-2.0
//
// The agent's ways to be reached. A serial port is one endless stream that the host opens and
// closes at will; vsock and unix sockets are accepted, each connection served beside the others.
// Whoever reaches the agent commands the guest, so only the host is let in: vsock peers with the
// host's context id, unix peers of the agent's own user.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <string>
#include <vector>

#include "agent/config.h"
#include "agent/modules.h"
#include "kata/result.h"
#include "kata/unique_fd.h"
#include "protocol/ttrpc/server.h"

namespace kata::agent {

enum class EndpointKind { kSerial = 1, kVsock, kUnix };

struct Endpoint {
  EndpointKind kind = EndpointKind::kUnix;
  UniqueFd fd{};
  std::string unlink_path{};  // a socket file to remove at the end
};

// Loads the drivers that the address needs and opens it. AnyListen: what the machine's virtio bus
// has.
Result<std::vector<Endpoint>> open_endpoints(const AgentConfig& config, ModuleLoader& modules);

// One address; not AnyListen.
Result<Endpoint> open_endpoint(const ServerAddress& address, const AgentConfig& config,
                               ModuleLoader& modules);

// The same for the debug console. AnyListen: vsock port 1026, or the virtio-serial port of its
// name.
Result<Endpoint> open_console(const ServerAddress& address, const AgentConfig& config,
                              ModuleLoader& modules);

// Serve for the life of the loop.
boost::asio::awaitable<void> serve_endpoint(const Endpoint& endpoint, ttrpc::Server& server);

// The same for another protocol: `serve` has each connection of the host's. On a serial port it is
// called again when it is done and a program on the host has the port open.
using ServeConnection = std::function<boost::asio::awaitable<void>(UniqueFd connection)>;
boost::asio::awaitable<void> serve_connections(const Endpoint& endpoint, ServeConnection serve);

}  // namespace kata::agent
