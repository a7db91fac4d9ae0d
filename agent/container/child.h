// SPDX-License-Identifier: Apache-2.0
//
// A child of the agent on its way to being a container's process: how it is made, and how it tells
// the agent of success or of the step that failed.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "agent/container/launch.h"
#include "agent/container/process_plan.h"
#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::agent {

struct Pipe {
  UniqueFd read{}, write{};
};
Result<Pipe> make_pipe();
Result<Pipe> make_status();  // for reports: a descriptor can go with one

// fork(2) into new namespaces (CLONE_NEW*): 0 in the child.
Result<pid_t> clone_child(std::uint64_t namespaces);

void report_built(int status) noexcept;  // the rootfs is there, the old root, too
void report_ready(int status, int terminal = -1) noexcept;  // the master of its terminal
void report_failure(int status, const Error& error) noexcept;

enum class ChildState { kReady, kExecuted, kBuilt };  // kExecuted: the pipe closed at execve
// Blocks until the child reports. Its failure comes back as the Error it had.
Result<ChildState> read_report(int status, UniqueFd* terminal = nullptr);

Result<void> release(int gate);            // one byte
bool wait_for_release(int gate) noexcept;  // false: the agent has closed it, or is gone

// Kills and reaps a child that did not become a container's process: its wait status.
int discard_child(pid_t pid) noexcept;

// In the child, first of all: default signals, a session of its own, invisible to peers, and no
// descriptor but stdio as 0, 1, 2 and those in `keep`, which get new numbers.
Result<void> isolate_child(ProcessStdio& stdio, const std::vector<UniqueFd*>& keep);

// In the child, the container's root being "/" already: terminal, working directory, environment
// and privileges. The path of the program to execute.
Result<std::string> prepare_process(ProcessPlan& plan, bool set_limits);

}  // namespace kata::agent
