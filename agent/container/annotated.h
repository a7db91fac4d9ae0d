// SPDX-License-Identifier: Apache-2.0
//
// What a specification says by annotations, because Kata's messages have no field for it. See
// protocol/oci_annotations.h.
#pragma once

#include <cstdint>

#include "agent/container/container_plan.h"
#include "agent/container/process_plan.h"
#include "kata/result.h"

namespace grpc {
class Spec;
}

namespace kata::agent {

// umask, I/O priority, scheduler and personality: of every process of the container.
Result<void> plan_annotated_process(const grpc::Spec& spec, ProcessPlan& plan);

// Domain name, time offsets, cgroup files and RDMA limits.
Result<void> plan_annotated_container(const grpc::Spec& spec, ContainerPlan& plan);

// linux.seccomp.defaultErrnoRet, EPERM without one.
Result<std::uint32_t> default_errno(const grpc::Spec& spec);

}  // namespace kata::agent
