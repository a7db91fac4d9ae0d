// SPDX-License-Identifier: Apache-2.0
//
// A container's view of files, built inside its new mount namespace before it becomes the root.
//
// The rootfs may be made by somebody hostile: each path in it is resolved inside it, and mounts go
// on open descriptors.
#pragma once

#include "agent/container/cgroup.h"
#include "agent/container/container_plan.h"
#include "agent/container/sources.h"
#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::agent {

// Mounts the rootfs on `place` with everything below it, and returns its root. With a terminal,
// stdio is moved to one of the container's own devpts if it has one, whose master `terminal` then
// is; stdin becomes /dev/console.
Result<UniqueFd> build_rootfs(const ContainerPlan& plan, RootfsSources sources,
                              const std::filesystem::path& place, const Cgroup& cgroup,
                              UniqueFd& terminal);

// Makes it "/", the old root is gone from the namespace.
Result<void> enter_rootfs(int root);

// enter_rootfs where "/" is the kernel's first root filesystem, which pivot_root(2) refuses: the
// new root is moved over it. The old one has nothing mounted on it any more and no path leads
// there.
Result<void> enter_rootfs_by_move(int root);

}  // namespace kata::agent
