// SPDX-License-Identifier: Apache-2.0
//
// What a Create call says, checked and taken apart. Pure.
#pragma once

#include <string>
#include <vector>

#include "containerd/task.pb.h"
#include "kata/result.h"
#include "oci.pb.h"
#include "programs/containerd-shim-kata-v2/pod.h"
#include "programs/containerd-shim-kata-v2/rootfs_mount.h"
#include "programs/containerd-shim-kata-v2/stdio.h"
#include "sandbox/oci_spec.h"
#include "sandbox/placement.h"
#include "sandbox/store.h"

namespace kata::shim_v2 {

Result<void> check_create_request(const containerd::task::CreateTaskRequest& request);

// Where a container goes that was placed by its annotations alone: into the sandbox that stands
// alone in this shim, if there is one and it names no other.
sandbox::Placement placement_beside(sandbox::Placement placed, const StandaloneSandbox* standalone);

// A container that is its own sandbox makes one, others need theirs. `present`: the sandbox of this
// shim; empty: none yet.
Result<void> check_placement(const sandbox::Placement& placement, const std::string& present);

StdioRequest stdio_of(const containerd::task::CreateTaskRequest& request);
std::vector<RootfsMount> rootfs_of(const containerd::task::CreateTaskRequest& request);

// As it is while the container is being created. The sandbox's id is still to come.
sandbox::ContainerRecord record_of(const containerd::task::CreateTaskRequest& request,
                                   const sandbox::Bundle& bundle, const grpc::Spec& spec);

}  // namespace kata::shim_v2
