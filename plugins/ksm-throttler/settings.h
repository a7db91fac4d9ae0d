// SPDX-License-Identifier: Apache-2.0
//
// [memory_dedup.ksm-throttler] as values.
#pragma once

#include <filesystem>
#include <string_view>

#include "adaptive.h"
#include "kata/result.h"
#include "ladder.h"

namespace kata::ksm {

enum class Policy : std::int32_t { kLadder = 1, kAdaptive };

struct Settings {
  Policy policy = Policy::kLadder;
  std::filesystem::path sysfs = "/sys/kernel/mm/ksm", proc = "/proc";
  LadderSettings ladder{};
  AdaptiveSettings adaptive{};
  bool advisor = true, smart_scan = true, use_zero_pages = true;  // where the kernel has them
};

// `config_json` is already checked against the field table: names and types are right, values may
// not be.
Result<Settings> parse_settings(std::string_view config_json);

}  // namespace kata::ksm
