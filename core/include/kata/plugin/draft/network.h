// SPDX-License-Identifier: Apache-2.0
//
// kata.network/1: turns a pod's network namespace into devices for the hypervisor and settings for
// the guest. DRAFT.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "kata/plugin/device.h"
#include "kata/result.h"

namespace kata {

struct NetworkSpec {
  std::filesystem::path netns{};
  std::uint32_t queues = 1;
};
struct GuestInterface {
  std::string device_id{}, name{}, mac{};
  std::uint32_t mtu = 1500;              // bytes
  std::vector<std::string> addresses{};  // "10.0.0.2/24"
};
struct GuestRoute {
  std::string destination{}, gateway{}, source{},
      interface_name{};     // destination empty: default route
  std::uint32_t scope = 0;  // rtnetlink's RT_SCOPE_*
};
struct GuestNeighbor {
  std::string address{}, mac{}, interface_name{};
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
  virtual Result<void> check_host() = 0;
  virtual Result<NetworkPlan> attach(
      const NetworkSpec& spec) = 0;   // all or nothing; the calling thread keeps its namespace
  virtual Result<void> detach() = 0;  // idempotent; the pod's own interfaces are as before attach
  virtual Result<std::string> save_state() const = 0;
  virtual void* extension(std::string_view /*id*/) noexcept { return nullptr; }
};

}  // namespace kata
