// SPDX-License-Identifier: Apache-2.0
//
// The mount namespace of a container's shim. Engines take the OCI pid for a process inside the
// container: `podman cp` joins its mount namespace and writes below its "/", `nsenter` and
// /proc/PID/root look there. So the shim's "/" is the container's rootfs with its bind mounts.
#pragma once

#include "kata/result.h"
#include "programs/shim_view.h"

namespace kata::shim {

Result<ShimView> read_view(int fd);

// Moves this process, which must have one thread and CAP_SYS_ADMIN, into a new mount namespace that
// holds nothing else. A bind's target is looked up as inside the rootfs; one that is not there, or
// is covered by a mount that only the guest has, is left out.
Result<void> enter_view(const ShimView& view);

}  // namespace kata::shim
