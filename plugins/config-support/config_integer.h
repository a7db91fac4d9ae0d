// SPDX-License-Identifier: Apache-2.0
//
// A whole number of a plugin's configuration. A host checks the kinds of keys before a plugin sees
// them; this refuses a number that no integer holds, such as 2e50, wherever the text came from.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>

#include "kata/concat.h"
#include "kata/result.h"

namespace kata {

// `fallback` without the key.
inline Result<std::int64_t> config_integer(const nlohmann::json& config, const char* key,
                                           std::int64_t fallback) {
  const auto found = config.find(key);
  if (found == config.end()) return fallback;
  const bool whole =
      found->is_number_integer() &&
      (!found->is_number_unsigned() || found->get<std::uint64_t>() <= INT64_MAX);
  if (whole) return found->get<std::int64_t>();
  return make_error(ErrorCode::kInvalidArgument,
                    concat(key, " = ", found->dump(-1, ' ', true), ": must be a whole number"));
}

}  // namespace kata
