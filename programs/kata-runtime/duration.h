// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string_view>

#include "kata/result.h"

namespace kata::runtime {

// "5s", "1m30s", "250ms", "1.5h": numbers with a unit of ns, us, ms, s, m or h, as other runtimes
// read them. More than 0, at most a year. The caller names the flag.
Result<std::chrono::nanoseconds> duration(std::string_view text);

}  // namespace kata::runtime
