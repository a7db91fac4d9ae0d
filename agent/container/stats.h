// SPDX-License-Identifier: Apache-2.0
//
// What a container uses, in the numbers of StatsContainer: from its cgroup's files and from its
// network namespace. A file that this kernel lacks leaves its numbers at zero.
#pragma once

#include <sys/types.h>

#include "agent/container/cgroup.h"
#include "kata/result.h"

namespace grpc {
class CgroupStats;
class StatsContainerResponse;
}  // namespace grpc

namespace kata::agent {

void read_cgroup_stats(const Cgroup& cgroup, grpc::CgroupStats& stats);

// The interfaces that `pid` sees.
void read_network_stats(pid_t pid, grpc::StatsContainerResponse& stats);

}  // namespace kata::agent
