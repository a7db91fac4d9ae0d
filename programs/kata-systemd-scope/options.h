// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "kata/result.h"

namespace kata::systemd_scope {

struct Options {
  bool help = false;
  bool start = false;  // otherwise: stop
  std::string unit{}, slice{};
  std::int32_t pid = 0;
  std::chrono::seconds time{};
};

extern const char* const kUsage;

Result<Options> parse_options(const std::vector<std::string>& words);

}  // namespace kata::systemd_scope
