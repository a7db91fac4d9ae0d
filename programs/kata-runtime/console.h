// SPDX-License-Identifier: Apache-2.0
//
// A pseudo-terminal for a shim, and its other end for the caller of --console-socket.
#pragma once

#include <cstdint>
#include <filesystem>

#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::runtime {

struct ConsoleSize {
  std::uint32_t rows = 0, columns = 0;  // 0: the kernel's default
};

// Opens a pseudo-terminal, sends its master over the unix socket at `socket` as runc does (the
// slave's name as the message, the descriptor by SCM_RIGHTS), and returns the slave.
Result<UniqueFd> open_console(const std::filesystem::path& socket, ConsoleSize size);

}  // namespace kata::runtime
