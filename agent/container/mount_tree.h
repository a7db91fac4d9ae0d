// SPDX-License-Identifier: Apache-2.0
//
// Mounts by descriptor, with the kernel's new mount API: a tree is made detached, gets its
// attributes, and is then put on a directory that is already open. No path is looked up twice.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "agent/container/mount_options.h"
#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::agent {

// A detached copy of what is at `fd`, as a bind mount has it.
Result<UniqueFd> clone_tree(int fd, bool recursive);
Result<UniqueFd> clone_tree(const std::filesystem::path& path, bool recursive);

// A new filesystem, detached. `data` are its options: "size=64k", "newinstance".
Result<UniqueFd> new_filesystem(std::string_view type, std::string_view source,
                                const std::vector<std::string>& data);

// Other options for the filesystem whose root is open at `mount`; what the mount forbids stays.
Result<void> reconfigure_filesystem(int mount, const std::vector<std::string>& data);

Result<void> set_attributes(int tree, const MountAttributes& attributes, bool recursive);
Result<void> set_propagation(int mount, unsigned long flag);  // MS_*
Result<void> attach_tree(int tree, int target);

// Removes the topmost mount on a directory. The caller's working directory is changed.
Result<void> detach_mount(int mount);

}  // namespace kata::agent
