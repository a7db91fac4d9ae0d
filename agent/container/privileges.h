// SPDX-License-Identifier: Apache-2.0
//
// The last steps of a process on its way to the workload: limits, ids, capabilities, seccomp.
#pragma once

#include <string>

#include "agent/container/process_plan.h"
#include "kata/result.h"

namespace kata::agent {

// Takes effect for the calling process, in the one order that works. `program` is the workload's
// path: that it can be executed is checked as the new user. Afterwards only seccomp of a process
// with no_new_privileges is missing: see load_late_seccomp.
Result<void> drop_privileges(const ProcessPlan& plan, const std::string& program);

// Directly before execve, so that the filter need allow nothing of ours.
Result<void> load_late_seccomp(const ProcessPlan& plan);

Result<void> set_rlimits(const ProcessPlan& plan, pid_t pid);  // 0: the caller

// I/O priority, scheduler and personality of the caller.
Result<void> set_scheduling(const ProcessPlan& plan);

// Lowering needs a privilege that some hosts of the agent lack: then it warns. Other failures are
// errors.
Result<void> set_oom_score(const ProcessPlan& plan, pid_t pid);

}  // namespace kata::agent
