// SPDX-License-Identifier: Apache-2.0
//
// The flag -info of containerd 2.x: what this runtime is and can do.
#pragma once

#include <string>
#include <string_view>

#include "kata/result.h"

namespace kata::shim_v2 {

// `options`: what was on standard input, an Any or nothing. What to print: a RuntimeInfo message.
Result<std::string> runtime_info(std::string_view options);

}  // namespace kata::shim_v2
