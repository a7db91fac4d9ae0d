// SPDX-License-Identifier: Apache-2.0
//
// What the agent says of a container's control group, as the message that containerd expects of
// that version of control groups. Pure.
#pragma once

#include "agent.pb.h"
#include "containerd/values.pb.h"

namespace kata::shim_v2 {

// io.containerd.cgroups.v1.Metrics, or v2 when the counters are those of version 2.
containerd::Any metrics_of(const grpc::StatsContainerResponse& stats);

}  // namespace kata::shim_v2
