// SPDX-License-Identifier: Apache-2.0
//
// How large a new VM is: from the limits of its workload where there are some, from the
// configuration where there are none, for CPUs and memory apart. Pure: values in, values out.
//
// CPU shares and other requests never count: they ask for a part of what is there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/config/config.h"
#include "kata/result.h"
#include "oci.pb.h"

namespace kata::sandbox {

struct Workload {                             // nothing: no limit
  std::optional<double> cpus{};               // quota / period, or the size of the cpuset
  std::optional<std::uint64_t> memory_mib{};  // rounded up
};

// The limits of all containers of a pod, when the annotations of containerd or CRI-O have them;
// else the container's own. A bad number is refused by the name of its key.
Result<Workload> workload_of(const grpc::Spec& spec);

struct HostSize {
  std::uint32_t cpus = 1;
  std::uint64_t memory_mib = 0;  // 0: not known
};
HostSize size_of_this_host();

struct VmSize {
  std::uint32_t vcpus = 1;
  std::uint64_t memory_mib = 0;
  std::vector<std::string> warnings{};  // what was asked for and is not given
};

VmSize vm_size(const config::Config& config, const Workload& workload, const HostSize& host);

}  // namespace kata::sandbox
