// SPDX-License-Identifier: Apache-2.0
//
// /dev of a container: the nodes and links every workload expects, those of linux.devices, and the
// console.
#pragma once

#include "agent/container/container_plan.h"
#include "kata/result.h"

namespace kata::agent {

// In a user namespace, where nodes cannot be made, the agent's own are bind-mounted. `terminal` is
// the pty slave for /dev/console, or -1.
Result<void> make_device_nodes(int root, const ContainerPlan& plan, int terminal);

}  // namespace kata::agent
