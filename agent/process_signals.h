// SPDX-License-Identifier: Apache-2.0
//
// Signals to processes of containers. A container's init process is PID 1 of its namespace: the
// kernel drops signals that it has no handler for, so a plain SIGTERM would not end it.
#pragma once

#include <sys/types.h>

#include <string_view>

#include "kata/result.h"

namespace kata::agent {

// Success, too, when the process is gone.
Result<void> signal_process(pid_t pid, int number);

// SIGKILL in place of a SIGTERM that the init process `pid` neither handles nor blocks nor ignores.
int signal_for_init(pid_t pid, int number);

// Whether one of SigBlk, SigIgn and SigCgt in the text of /proc/<pid>/status has the signal.
bool minds_signal(std::string_view proc_status, int number) noexcept;

}  // namespace kata::agent
