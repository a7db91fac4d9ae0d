// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "kata/result.h"

namespace kata::runtime {

// "268435456", "256m", "1.5GiB" → bytes, in powers of 1024, as runc and docker read them. "-1": -1,
// which means unlimited. kInvalidArgument otherwise; the caller names the flag.
Result<std::int64_t> byte_size(std::string_view text);

}  // namespace kata::runtime
