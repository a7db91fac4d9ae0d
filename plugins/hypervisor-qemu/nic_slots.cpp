// SPDX-License-Identifier: Apache-2.0
#include "nic_slots.h"

#include <algorithm>

#include "kata/concat.h"

namespace kata::qemu {

Result<std::uint32_t> NicSlots::take(const std::string& id) {
  if (has(id))
    return make_error(ErrorCode::kAlreadyExists, concat("NIC '", id, "' is in the VM already"));
  for (std::uint32_t slot = 1; slot <= kLastNicSlot; ++slot) {
    if (taken(slot)) continue;
    slots_.emplace(id, slot);
    return slot;
  }
  return make_error(ErrorCode::kResourceExhausted,
                    concat("NIC '", id, "': a VM has room for ", kLastNicSlot,
                           " NICs; take links out of the pod's network namespace"));
}

bool NicSlots::restore(const std::string& id, std::uint64_t slot) {
  if (slot < 1 || slot > kLastNicSlot || has(id)) return false;
  const auto number = static_cast<std::uint32_t>(slot);
  if (taken(number)) return false;
  slots_.emplace(id, number);
  return true;
}

void NicSlots::free(std::string_view id) {
  if (const auto found = slots_.find(id); found != slots_.end()) slots_.erase(found);
}

bool NicSlots::taken(std::uint32_t slot) const {
  return std::any_of(slots_.begin(), slots_.end(),
                     [slot](const auto& entry) { return entry.second == slot; });
}

std::string nic_address(std::uint32_t slot) {
  constexpr char kDigits[] = "0123456789abcdef";
  return concat(kNicBridgeSlot, '/', std::string{kDigits[slot >> 4 & 0xf], kDigits[slot & 0xf]});
}

}  // namespace kata::qemu
