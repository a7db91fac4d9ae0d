// SPDX-License-Identifier: Apache-2.0
//
// How the agent says on a serial port, which has no end of its own, that the shell of the debug
// console has gone: an application program command, which a terminal ignores.
#pragma once

#include <string_view>

namespace kata {

inline constexpr std::string_view kConsoleEnd = "\x1b_kata-console-end\x1b\\";

}  // namespace kata
