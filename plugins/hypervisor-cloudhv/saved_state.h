// SPDX-License-Identifier: Apache-2.0
//
// What a later instance must know of a VM to find it again and to end it. Paths are not part of it:
// they follow from the state directory, so a damaged record cannot make us remove a stranger's
// file.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "kata/result.h"

namespace kata::cloudhv {

struct SavedState {
  std::int32_t pid = 0;  // 0: not started, or ended
  std::uint64_t start_time = 0;
  std::uint64_t most_memory_bytes = 0;  // 0: not known
  std::set<std::string> devices{};      // in the VM, by id

  friend bool operator==(const SavedState&, const SavedState&) = default;
};

std::string to_json(const SavedState& state);
Result<SavedState> parse_saved_state(std::string_view json);

}  // namespace kata::cloudhv
