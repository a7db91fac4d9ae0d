// SPDX-License-Identifier: Apache-2.0
//
// What a container's files are made of and lies outside its rootfs: cloned by the path that the
// agent has for it, before the container's mount namespace is there or while it still shows it.
#pragma once

#include <vector>

#include "agent/container/cgroup.h"
#include "agent/container/container_plan.h"
#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::agent {

struct MountSource {
  UniqueFd tree{};                  // of a bind mount
  std::vector<UniqueFd> cgroups{};  // of a cgroup mount, in the order of Cgroup::directories()
};

struct RootfsSources {
  UniqueFd root{}, terminal{};  // the second one where the plan has a terminal
  std::vector<MountSource> mounts{};  // one for each of the plan's
};

// Detached trees: what is mounted elsewhere reaches them, never the other way. Takes the trees that
// the plan has already.
Result<RootfsSources> open_sources(ContainerPlan& plan, const Cgroup& cgroup);

}  // namespace kata::agent
