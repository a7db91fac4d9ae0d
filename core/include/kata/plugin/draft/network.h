// SPDX-License-Identifier: Apache-2.0
//
// kata.network/1: turns a pod's network namespace into devices for the hypervisor and settings for
// the guest. DRAFT.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
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
// What the guest sets up. Interfaces are named as in the pod's namespace; routes and neighbours
// name the interface they belong to.
struct GuestInterface {
  std::string device_id{}, name{}, mac{};
  std::uint32_t mtu = 1500;              // bytes
  std::vector<std::string> addresses{};  // "10.0.0.2/24"
  std::uint32_t raw_flags = 0;           // IFF_NOARP, or 0
  friend bool operator==(const GuestInterface&, const GuestInterface&) = default;
};
struct GuestRoute {
  std::string destination{}, gateway{}, source{},
      interface_name{};      // destination empty: default route
  std::uint32_t scope = 0;   // rtnetlink's RT_SCOPE_*
  std::uint32_t metric = 0;  // rtnetlink's priority; 0: none given
  std::uint32_t mtu = 0;     // bytes; 0: the interface's
  bool onlink = false;       // the gateway is reachable although no address says so
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

// What is other in the namespace than attach or the last rescan said. In the order of work: unplug
// `removed`, plug `added`, set up `interfaces`, then routes and neighbours.
struct NetworkChange {
  std::vector<std::string> removed{};  // device ids; never used again for another device
  std::vector<TapDevice> added{};
  std::vector<GuestInterface> interfaces{};  // of the added devices, and those that are other now
  std::optional<std::vector<GuestRoute>> routes{};        // all of them; nothing: as before
  std::optional<std::vector<GuestNeighbor>> neighbors{};  // likewise
  bool empty() const {
    return removed.empty() && added.empty() && interfaces.empty() && !routes && !neighbors;
  }
};

// Threads: the host makes one call at a time, from any thread; a plugin has no thread of its own.
//
// Late networks: some engines configure the namespace only after the sandbox has started, and links
// come and go. The host polls the descriptor of watch() and calls rescan() when it is readable.
class Network {
 public:
  virtual ~Network() = default;
  virtual Result<void> check_host() = 0;
  virtual Result<NetworkPlan> attach(
      const NetworkSpec& spec) = 0;   // all or nothing; the calling thread keeps its namespace
  virtual Result<void> detach() = 0;  // idempotent; the pod's own interfaces are as before attach

  // After attach: a descriptor that polls readable (POLLIN) when the namespace may have changed
  // since attach or the last rescan, whichever came later. It is the plugin's: the host neither
  // reads nor closes it, and forgets it before detach. -1: this network never changes.
  // kFailedPrecondition: nothing is attached by this instance; one made from a saved state neither
  // watches nor rescans.
  virtual Result<int> watch() = 0;

  // What changed; the descriptor is readable again only after a later change, or at once when there
  // were too many. Joins new links to taps and lets go of those that are gone. A link that cannot
  // be joined is left out and logged; it is tried again by the next rescan. An error: nothing was
  // changed or forgotten, and a later call may succeed. A namespace that is gone removes all.
  virtual Result<NetworkChange> rescan() = 0;

  // Lets go of one device of attach or rescan whose NIC is not in the VM (any more): its link is as
  // before, and the next rescan offers it again under another id. Idempotent: an unknown id is no
  // error. Not needed for what rescan has said is removed.
  virtual Result<void> release(std::string_view device_id) = 0;

  virtual Result<std::string> save_state() const = 0;
  virtual void* extension(std::string_view /*id*/) noexcept { return nullptr; }
};

}  // namespace kata
