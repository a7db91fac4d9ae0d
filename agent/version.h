// SPDX-License-Identifier: Apache-2.0
//
// What the agent says it is on the wire: the Kata release whose protocol it speaks.
#pragma once

#include <string_view>

namespace kata::agent {

inline constexpr std::string_view kAgentVersion = "4.1.0";
inline constexpr std::string_view kApiVersion = "0.0.1";

}  // namespace kata::agent
