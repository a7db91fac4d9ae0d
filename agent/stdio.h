// SPDX-License-Identifier: Apache-2.0
//
// The pipes, or the terminal, between the agent and one process. The agent's ends do not block and
// are close-on-exec.
#pragma once

#include <cstdint>

#include "agent/container/launch.h"
#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::agent {

// With a terminal `in` and `out` are both its master side and there is no `err`.
struct AgentStdio {
  UniqueFd in{}, out{}, err{};
  bool terminal = false;
};

struct StdioPair {
  ProcessStdio process{};
  AgentStdio agent{};
};

// `pipe_size` in bytes; 0 leaves the kernel's default.
Result<StdioPair> make_pipes(std::uint32_t pipe_size);

// Rows and columns of 0 leave the size unset.
Result<StdioPair> make_terminal(std::uint32_t rows, std::uint32_t columns);

// The master that the process really got in place of the one of make_terminal.
Result<void> use_terminal(AgentStdio& stdio, UniqueFd master);

Result<void> resize_terminal(int master, std::uint32_t rows, std::uint32_t columns);

}  // namespace kata::agent
