// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "kata/result.h"

namespace kata::runtime {

// "KILL", "SIGKILL", "sigkill", "9", "RTMIN+3" → the number on Linux x86-64 and arm64, 1 to 64.
Result<int> signal_number(std::string_view text);

}  // namespace kata::runtime
