// SPDX-License-Identifier: Apache-2.0
//
// kata.network.changes/1, an extension of kata.network/1: some engines configure the namespace only
// after the sandbox has started, and links come and go. FROZEN: see ABI.lock.
//
// The host polls the descriptor of watch() and calls rescan() when it is readable. A network
// without this extension never changes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kata/plugin/network.h"
#include "kata/plugin/outcome.h"

namespace kata {

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

// watch and rescan are kFailedPrecondition in an instance that has attached nothing: one made from
// a saved state neither watches nor rescans.
class NetworkChanges {
 public:
  static constexpr const char* kId = "kata.network.changes/1";

  // A descriptor that polls readable (POLLIN) when the namespace may have changed since attach or
  // the last rescan, whichever came later. It is the plugin's: the host neither reads nor closes
  // it, and forgets it before detach.
  virtual Result<int> watch() = 0;

  // What changed; the descriptor is readable again only after a later change, or at once when there
  // were too many. Joins new links to taps and lets go of those that are gone. A link that cannot
  // be joined is left out and logged; it is tried again by the next rescan. An error: nothing was
  // changed or forgotten, and a later call may succeed. A namespace that is gone removes all.
  virtual Result<NetworkChange> rescan() = 0;

  // Lets go of one device of attach or rescan whose NIC is not in the VM (any more): its link is as
  // before, and the next rescan offers it again under another id. Idempotent: an unknown id is no
  // error, also without attach. Not needed for what rescan has said is removed.
  virtual Result<void> release(std::string_view device_id) = 0;

 protected:
  ~NetworkChanges() = default;
};

}  // namespace kata
