// SPDX-License-Identifier: Apache-2.0
//
// [network.tap] as values.
#pragma once

#include <cstdint>
#include <string_view>

#include "kata/result.h"

namespace kata::tap {

enum class Model : std::int32_t { kTcFilter = 1, kNone, kMacvtap };

struct Settings {
  Model model = Model::kTcFilter;
  std::uint64_t guest_receives = 0, guest_sends = 0;  // at most, bit/s; 0: no limit
};

// `config_json` is already checked against the field table: names and types are right, values may
// not be.
Result<Settings> parse_settings(std::string_view config_json);

}  // namespace kata::tap
