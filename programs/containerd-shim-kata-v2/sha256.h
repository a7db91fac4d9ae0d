// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 (FIPS 180-4), for names that must not collide. Not for large data.
#pragma once

#include <string>
#include <string_view>

namespace kata::shim_v2 {

std::string sha256_hex(std::string_view text);  // 64 digits

}  // namespace kata::shim_v2
