// SPDX-License-Identifier: Apache-2.0
//
// Removing a container and, when it is its sandbox's own, the sandbox.
#pragma once

#include "kata/result.h"
#include "programs/kata-runtime/globals.h"
#include "sandbox/store.h"

namespace kata::runtime {

// Both take the container's lock, and leave alone another container that has its name by then.
//
// Of a stopped container: nothing of it is alive but, perhaps, its VM.
Result<void> delete_stopped(const Globals& globals, const sandbox::ContainerRecord& record);

// Whatever its state, and whatever another verb does with it: kills first.
Result<void> force_delete(const Globals& globals, const sandbox::ContainerRecord& record);

}  // namespace kata::runtime
