// SPDX-License-Identifier: Apache-2.0
//
// The commands that are no RPC.
#pragma once

#include "programs/kata-agent-ctl/interpreter.h"

namespace kata::agentctl {

struct CommandEntry {
  Command shown{};
  std::size_t least = 0, most = 0;  // operands
  int (Interpreter::*run)(const CommandLine& line) = nullptr;
};

// Null: there is none of this name.
const CommandEntry* find_command(std::string_view name);

}  // namespace kata::agentctl
