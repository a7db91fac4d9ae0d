// SPDX-License-Identifier: Apache-2.0
//
// kata.network/1: turns a pod's network namespace into devices for the hypervisor and settings for
// the guest. FROZEN: see ABI.lock.
//
// Order: attach, detach. An instance made with a saved state detaches what that one attached.
// Threads: one call at a time, from any thread, which keeps its namespaces; a plugin has no thread
// of its own. A namespace that changes later is an extension: network_changes.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "kata/plugin/device.h"
#include "kata/plugin/outcome.h"

namespace kata {

struct NetworkSpec {
  std::filesystem::path netns{};  // the pod's, which exists
  std::uint32_t queues = 1;       // of each device, at most; a VMM takes one a vCPU of its start
};
// What the guest sets up. Interfaces are named as in the pod's namespace; routes and neighbours
// name the interface they belong to. Addresses are IPv4 or IPv6, as text.
struct GuestInterface {
  std::string device_id{}, name{}, mac{};
  std::uint32_t mtu = 1500;              // bytes
  std::vector<std::string> addresses{};  // "10.0.0.2/24"
  std::uint32_t raw_flags = 0;           // IFF_NOARP, or 0
  friend bool operator==(const GuestInterface&, const GuestInterface&) = default;
};
struct GuestRoute {
  std::string destination{};  // "10.1.0.0/16"; empty: the default route of its gateway's family
  std::string gateway{}, source{}, interface_name{};  // gateway and source may be empty
  std::uint32_t scope = 0;                            // rtnetlink's RT_SCOPE_*
  std::uint32_t metric = 0;                           // rtnetlink's priority; 0: none given
  std::uint32_t mtu = 0;                              // bytes; 0: the interface's
  bool onlink = false;  // the gateway is reachable although no address says so
  friend bool operator==(const GuestRoute&, const GuestRoute&) = default;
};
struct GuestNeighbor {
  std::string address{}, mac{}, interface_name{};
  friend bool operator==(const GuestNeighbor&, const GuestNeighbor&) = default;
};
struct GuestNetwork {
  std::vector<GuestInterface> interfaces{};
  std::vector<GuestRoute> routes{};
  std::vector<GuestNeighbor> neighbors{};
};
struct NetworkPlan {
  std::vector<TapDevice> devices{};  // for the hypervisor
  GuestNetwork guest{};              // for the agent
};

class Network {
 public:
  virtual ~Network() = default;

  virtual Result<void> check_host() = 0;  // why it cannot run here: the error; no side effect

  // All or nothing. kAlreadyExists: this instance is attached. An error when there is no namespace.
  virtual Result<NetworkPlan> attach(const NetworkSpec& spec) = 0;

  // The pod's own interfaces are as before attach. Idempotent; a namespace that is gone is no
  // error.
  virtual Result<void> detach() = 0;

  // For a later instance that detaches: text that only the plugin understands. Asked for after each
  // call that changes the namespace.
  virtual Result<std::string> save_state() const = 0;

  // See extension.h.
  virtual void* extension(std::string_view /*id*/) noexcept { return nullptr; }
};

}  // namespace kata
