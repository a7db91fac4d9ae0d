// SPDX-License-Identifier: Apache-2.0
//
// Where the guest's NICs sit: all on one PCI bridge, because q35's root bus takes and gives no
// device while the guest runs. Each has a slot there until it is unplugged.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "kata/result.h"

namespace kata::qemu {

inline constexpr char kNicBus[] = "nics";       // QEMU's id of the bridge
inline constexpr char kNicBridgeSlot[] = "1e";  // on the root bus, hexadecimal
inline constexpr std::uint32_t kLastNicSlot = 31;
// The agent's port sits there as well. Under a firmware that gives an empty bridge no memory window
// (qboot), the kernel opens one for a device that is there at boot, and NICs that come later fit
// in.
inline constexpr std::uint32_t kAgentSlot = 0;

class NicSlots {
 public:
  // kAlreadyExists: `id` has one. kResourceExhausted: all are taken.
  Result<std::uint32_t> take(const std::string& id);
  // For a saved state. False: no slot of the bridge, or taken.
  bool restore(const std::string& id, std::uint64_t slot);
  void free(std::string_view id);
  bool has(std::string_view id) const { return slots_.contains(id); }
  const std::map<std::string, std::uint32_t, std::less<>>& all() const { return slots_; }

  friend bool operator==(const NicSlots&, const NicSlots&) = default;

 private:
  bool taken(std::uint32_t slot) const;
  std::map<std::string, std::uint32_t, std::less<>> slots_{};
};

// As the agent expects it: "1e/01".
std::string nic_address(std::uint32_t slot);

}  // namespace kata::qemu
