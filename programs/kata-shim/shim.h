// SPDX-License-Identifier: Apache-2.0
//
// One process of a container, as seen on the host: streams, signals, exit code.
//
// Threads: an event loop that talks to the agent, and one thread each for reading stdin and for
// writing stdout and stderr, which may be files, pipes or terminals that block. Each stream has one
// block in flight, so a reader that stalls stops the workload and not this program's memory.
#pragma once

#include "programs/kata-shim/options.h"

namespace kata::shim {

// The exit code of the process, or of a sandbox that is gone.
int run(const Options& options);

inline constexpr int kSandboxGone = 255;

}  // namespace kata::shim
