// SPDX-License-Identifier: Apache-2.0
//
// Lines from stdin, one after the other. On a terminal: line editing, history and completion by
// libedit. Otherwise the lines as they are, and the first failure ends it unless errors are
// ignored.
#pragma once

#include "programs/kata-agent-ctl/interpreter.h"

namespace kata::agentctl {

// The exit code: on a terminal kOk; otherwise that of the first line that failed.
int run_shell(const Schema& schema, Interpreter& interpreter);

}  // namespace kata::agentctl
