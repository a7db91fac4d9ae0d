// SPDX-License-Identifier: Apache-2.0
//
// Whether the selected plugins fit each other, and the VM that the configuration asks for. Pure:
// values in, values out.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/config/config.h"
#include "kata/plugin/hypervisor.h"
#include "kata/plugin/network.h"
#include "kata/plugin/shared_filesystem.h"
#include "kata/result.h"
#include "sandbox/identity.h"

namespace kata::sandbox {

// Refuses plugins that cannot work together, naming both and the remedy; returns warnings about
// those that can but will not do what their user hopes for.
Result<std::vector<std::string>> check_composition(const config::Config& config,
                                                   const HypervisorCapabilities& hypervisor,
                                                   const SharedFilesystemNeeds& filesystem);

// Whether this VM's memory is offered to memory_dedup: only private memory of small pages merges.
bool offers_memory(const config::Config& config, const HypervisorCapabilities& hypervisor,
                   const SharedFilesystemNeeds& filesystem);

VmSpec vm_spec(const config::Config& config, const SandboxIdentity& identity,
               const SharedFilesystemNeeds& filesystem, std::uint32_t host_cpus);

std::vector<Device> devices_of(std::vector<TapDevice> taps, std::optional<Device> share);

}  // namespace kata::sandbox
