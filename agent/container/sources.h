// SPDX-License-Identifier: Apache-2.0
//
// What a container's files are made of and is named by a path of the agent's, as the source of a
// bind mount, the device of a filesystem or the layers of an overlay: cloned or made while the
// mount namespace still shows these paths.
#pragma once

#include <vector>

#include "agent/container/cgroup.h"
#include "agent/container/container_plan.h"
#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::agent {

struct MountSource {
  UniqueFd tree{};                  // of a bind mount, or a new filesystem
  std::vector<UniqueFd> cgroups{};  // of a cgroup mount, in the order of Cgroup::directories()
};

struct RootfsSources {
  UniqueFd root{}, terminal{};  // the second one where the plan has a terminal
  std::vector<MountSource> mounts{};  // one for each of the plan's
};

// Detached trees: what is mounted elsewhere reaches them, never the other way. In the container's
// other namespaces. Takes the trees that the plan has already.
Result<RootfsSources> open_sources(ContainerPlan& plan, const Cgroup& cgroup);

}  // namespace kata::agent
