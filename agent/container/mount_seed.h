// SPDX-License-Identifier: Apache-2.0
//
// The mount namespace that those of containers are copied from: an empty root with what the set-up
// of a container asks for. A copy of the agent's own would have a mount for each that is in use for
// some container, and each of the kernel's steps over it would cost the more, the more there are.
#pragma once

#include <filesystem>

#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::agent {

// Where a container's root is attached in it.
constexpr const char* kSeedRootfs = "/rootfs";

// Holds /proc, /dev/null and the directory kSeedRootfs; nothing reaches it from elsewhere. `place`:
// a directory of the agent's, needed while it is made only. Blocks for the milliseconds that takes;
// the caller must have one thread.
Result<UniqueFd> make_mount_seed(const std::filesystem::path& place);

}  // namespace kata::agent
