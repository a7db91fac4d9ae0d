// SPDX-License-Identifier: Apache-2.0
//
// The scope of systemd that a pod's group is, where an engine wants systemd to own it: a transient
// unit that begins with the sandbox's first process. kata-systemd-scope asks systemd for it, a
// program of its own, so that no other one has a D-Bus library: not the static kata-runtime, and
// not those that live as long as a sandbox.
//
// Threads: [waiter], until systemd has answered, for at most half a minute.
#pragma once

#include <cstdint>
#include <string>

#include "kata/result.h"

namespace kata::sandbox {

// As sd_booted(3) has it.
bool systemd_runs_here();

// Has systemd make the scope of `path` (host_cgroup.h) around process `pid`, which it moves there.
// The path where it is: another one than `path` where systemd itself runs in a group.
Result<std::string> start_scope(const std::string& path, std::int32_t pid);

// Ends the processes that are in it still. Gone already is fine.
Result<void> stop_scope(const std::string& path);

}  // namespace kata::sandbox
