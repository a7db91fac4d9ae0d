// SPDX-License-Identifier: Apache-2.0
//
// The Task API on the wire: the methods of Tasks under the names of containerd.task.v2.Task and,
// with the same messages, containerd.task.v3.Task.
#pragma once

#include "programs/containerd-shim-kata-v2/tasks.h"
#include "protocol/ttrpc/server.h"

namespace kata::shim_v2 {

// `tasks` is lent for the life of the server.
void register_task_service(ttrpc::Server& server, Tasks& tasks);

}  // namespace kata::shim_v2
