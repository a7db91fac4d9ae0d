// SPDX-License-Identifier: Apache-2.0
//
// Refuses what Cloud Hypervisor could not run, before anything is made.
#pragma once

#include <span>

#include "cloudhv_config.h"
#include "kata/plugin/hypervisor.h"
#include "spec_check.h"

namespace kata::cloudhv {

inline constexpr vmm::Vmm kCloudhv{"cloudhv", "cloud-hypervisor", "install cloud-hypervisor", 255};

Result<void> check_spec(const CloudhvConfig& config, const VmSpec& spec);
// `vcpus`: of the VM at its start; a NIC has at most so many queues.
Result<void> check_devices(std::span<const Device> devices, bool shared_memory,
                           std::uint32_t vcpus);

}  // namespace kata::cloudhv
