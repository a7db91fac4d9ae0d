// SPDX-License-Identifier: Apache-2.0
//
// A guest's network without a guest: a network namespace with veth pairs for NICs and an agent in
// it. Namespace, links and agent go with the object.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent.pb.h"
#include "kata/child_process.h"
#include "kata/result.h"
#include "protocol/ttrpc/blocking_client.h"
#include "tests/network_namespace.h"
#include "tests/temporary_directory.h"

class Guest {
 public:
  // `nics`: how many veth ends "eth0", "eth1" …, whose hardware addresses end in their number and
  // whose peers are "peer0" …. All are down, as a new NIC is.
  explicit Guest(int nics = 1);
  ~Guest();

  // Runs a shell command inside and returns its output; fails the test when it fails.
  std::string run(const std::string& command) const { return namespace_.run(command); }

  kata::ttrpc::BlockingClient connect() const;  // one more client

  template <class Response, class Request>
  kata::Result<Response> call(std::string_view method, const Request& request) {
    return kata::ttrpc::call<Response>(*client_, "grpc.AgentService", method, request,
                                       std::chrono::steady_clock::now() + std::chrono::seconds(20));
  }
  kata::Result<types::Interface> update(const types::Interface& interface);
  kata::Result<grpc::Routes> update(const std::vector<types::Route>& routes);
  kata::Result<grpc::Empty> add(const std::vector<types::ARPNeighbor>& neighbors);
  std::vector<types::Route> routes();

 private:
  void add_nic(int number) const;

  TemporaryDirectory directory_{};
  kata::test::NetworkNamespace namespace_{};
  kata::ChildProcess agent_{};
  std::optional<kata::ttrpc::BlockingClient> client_{};
};

std::string mac_of(int nic);  // "02:00:00:00:00:01" for eth0's

// The NIC of that number, with a name and addresses like "10.0.0.2/24".
types::Interface interface(int nic, const std::string& name,
                           const std::vector<std::string>& addresses);
types::Route route(const std::string& dest, const std::string& gateway,
                   const std::string& device = "eth0");

bool contains(const std::string& text, std::string_view part);

// How often `part` occurs in `text`.
int count(const std::string& text, std::string_view part);

template <class Value>
Value ok(kata::Result<Value> result) {
  REQUIRE_MESSAGE(result.ok(), result.error().message);
  return result.take();
}
template <class Value>
kata::Error refused(const kata::Result<Value>& result) {
  REQUIRE_FALSE(result.ok());
  return result.error();
}
