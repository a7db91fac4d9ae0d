// SPDX-License-Identifier: Apache-2.0
//
// What a guest without a machine lives in: namespaces, and in its mount namespace a /run, a /proc
// and control groups of its own above the host's files.
#pragma once

#include <filesystem>
#include <span>

#include "kata/result.h"

namespace kata::mock {

// The calling process enters these groups, then new namespaces; its next child is the first process
// of the new pid namespace. `state_dir`, and what lies beside it, stays where it is.
Result<void> enter_guest_world(std::span<const char* const> cgroups,
                               const std::filesystem::path& state_dir);

// Called by the first process of the pid namespace: its own /proc, with `command_line` in it.
Result<void> mount_proc(const std::filesystem::path& command_line);

}  // namespace kata::mock
