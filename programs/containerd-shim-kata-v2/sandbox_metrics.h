// SPDX-License-Identifier: Apache-2.0
//
// What a sandbox costs on the host, VMM and helpers together, from its control groups: the message
// that containerd takes for the metrics of a container with cgroups of that version.
#pragma once

#include <vector>

#include "containerd/values.pb.h"
#include "kata/result.h"
#include "sandbox/host_cgroup.h"

namespace kata::shim_v2 {

// The pod's group and the one beside it are added up. kFailedPrecondition: the sandbox has none.
Result<containerd::Any> sandbox_metrics(const sandbox::SandboxCgroups& groups,
                                        const std::vector<sandbox::CgroupMount>& mounts);

}  // namespace kata::shim_v2
