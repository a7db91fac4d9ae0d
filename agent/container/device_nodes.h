// SPDX-License-Identifier: Apache-2.0
//
// /dev of a container: the nodes and links every workload expects, those of linux.devices, and the
// console.
#pragma once

#include "agent/container/container_plan.h"
#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::agent {

// In a user namespace, where nodes cannot be made, the agent's own are bind-mounted.
Result<void> make_device_nodes(int root, const ContainerPlan& plan);

// Stdin's terminal, in a mount namespace that shows it.
Result<UniqueFd> clone_own_terminal();

// Moves stdio to a terminal of the container's devpts and puts it on /dev/console: its master, or
// nothing when there is no devpts and `own`, stdin's terminal, becomes the console.
Result<UniqueFd> make_console(int root, const UniqueFd& own);

}  // namespace kata::agent
