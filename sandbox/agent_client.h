// SPDX-License-Identifier: Apache-2.0
//
// The calls that a sandbox makes to its guest's agent, typed and each with a time limit. The guest
// is hostile: replies are read for success or failure only, and nothing in them becomes a path or
// an id. While one of these calls is unanswered the guest is asked Health.Check every
// `check_interval`: should an emulated guest sleep through an interrupt, the next request wakes it;
// and when the call fails for want of time, the error tells whether the guest answered the last of
// these.
// Threads: the loop's only.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "agent.pb.h"
#include "core/config/config.h"
#include "kata/plugin/network.h"
#include "kata/plugin/shared_filesystem.h"
#include "kata/result.h"
#include "protocol/ttrpc/client.h"
#include "sandbox/identity.h"

namespace kata::sandbox {

class AgentClient {
 public:
  explicit AgentClient(ttrpc::Client client,
                       std::chrono::milliseconds check_interval = std::chrono::seconds(2))
      : client_(std::move(client)), check_interval_(check_interval) {}

  boost::asio::awaitable<Result<void>> check(std::chrono::nanoseconds timeout);
  boost::asio::awaitable<Result<void>> create_sandbox(grpc::CreateSandboxRequest request);
  boost::asio::awaitable<Result<void>> create_container(grpc::CreateContainerRequest request,
                                                        std::chrono::nanoseconds timeout);
  boost::asio::awaitable<Result<void>> remove_container(std::string container_id,
                                                        std::chrono::nanoseconds timeout);
  boost::asio::awaitable<Result<void>> signal_container(std::string container_id, int signal);
  boost::asio::awaitable<Result<void>> destroy_sandbox(std::chrono::nanoseconds timeout);
  boost::asio::awaitable<Result<void>> set_up_network(const GuestNetwork& network);

  // `guest_address`: the PCI path of a NIC that was plugged in; empty: found by its MAC.
  boost::asio::awaitable<Result<void>> update_interface(const GuestInterface& interface,
                                                        std::string guest_address);
  // Replaces all routes: those that are left out go.
  boost::asio::awaitable<Result<void>> update_routes(const std::vector<GuestRoute>& routes);
  boost::asio::awaitable<Result<void>> add_neighbors(const std::vector<GuestNeighbor>& neighbors);

  // Any call, payloads untouched: for those who speak to the agent through this process.
  boost::asio::awaitable<Result<std::string>> forward(std::string service, std::string method,
                                                      std::string payload,
                                                      std::chrono::nanoseconds timeout);

  boost::asio::awaitable<Error> closed() { return client_.closed(); }
  void close() { client_.close(); }

 private:
  boost::asio::awaitable<Result<void>> ask(const char* method, std::string payload,
                                           std::chrono::nanoseconds timeout);
  boost::asio::awaitable<void> keep_checking(std::optional<bool>& answered);

  ttrpc::Client client_;
  std::chrono::milliseconds check_interval_;
};

// What CreateSandbox asks for: the shared filesystem, the sandbox's /dev/shm, resolv.conf, the
// kernel modules.
grpc::CreateSandboxRequest create_sandbox_request(const SandboxIdentity& identity,
                                                  const GuestMount& share,
                                                  const std::vector<std::string>& kernel_modules);

}  // namespace kata::sandbox
