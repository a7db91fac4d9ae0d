// SPDX-License-Identifier: Apache-2.0
//
// What a later instance must know of a VM to find it again and to end it. Paths are not part of it:
// they follow from the state directory, so a damaged record cannot make us remove a stranger's
// file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kata/result.h"
#include "nic_slots.h"

namespace kata::qemu {

struct SavedState {
  std::int32_t pid = 0;  // 0: not started, or ended
  std::uint64_t start_time = 0;
  std::uint32_t guest_cid = 0;  // 0: the agent is on the serial port

  NicSlots nics{};  // in the VM

  friend bool operator==(const SavedState&, const SavedState&) = default;
};

std::string to_json(const SavedState& state);
Result<SavedState> parse_saved_state(std::string_view json);

}  // namespace kata::qemu
