// SPDX-License-Identifier: Apache-2.0
//
// The Sandbox API on the wire: the methods of SandboxApi under the name of
// containerd.runtime.sandbox.v1.Sandbox.
#pragma once

#include "programs/containerd-shim-kata-v2/sandbox_api.h"
#include "protocol/ttrpc/server.h"

namespace kata::shim_v2 {

// `sandbox` is lent for the life of the server.
void register_sandbox_service(ttrpc::Server& server, SandboxApi& sandbox);

}  // namespace kata::shim_v2
