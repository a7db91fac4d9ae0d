// SPDX-License-Identifier: Apache-2.0
//
// What the readers of a VMM plugin's saved state share. The text is not trusted.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "kata/result.h"

namespace kata::vmm {

// kInvalidArgument; says that it is the saved state.
Error unusable(std::string_view why);

// A number without a sign, at most `limit`.
Result<std::uint64_t> number(const nlohmann::json& object, const char* key, std::uint64_t limit);

}  // namespace kata::vmm
