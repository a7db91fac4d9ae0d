// SPDX-License-Identifier: Apache-2.0
//
// The workload's program, found and executed inside the container.
#pragma once

#include <string>

#include "agent/container/process_plan.h"
#include "kata/result.h"

namespace kata::agent {

// args[0] when it has a slash, else the first of PATH's directories that has it. kNotFound names
// it. Made relative to the container's "/", which must be the caller's.
Result<std::string> find_program(const ProcessPlan& plan);

// As the calling user: kNotFound or kPermission, naming `name`.
Result<void> check_executable(const std::string& program, const std::string& name);

// Returns only when execve failed: the exit code for it, 127 when the program is missing and 126
// otherwise, after a line on descriptor 2.
int execute(const ProcessPlan& plan, const std::string& program);

}  // namespace kata::agent
