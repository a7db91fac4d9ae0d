// SPDX-License-Identifier: Apache-2.0
//
// Refuses what QEMU could not run, before anything is made.
#pragma once

#include <span>

#include "kata/plugin/hypervisor.h"
#include "qemu_config.h"
#include "spec_check.h"

namespace kata::qemu {

inline constexpr vmm::Vmm kQemu{"qemu", "QEMU", "install qemu-system-x86",
                                255};  // CPUs: above it a q35 needs an IOMMU

Result<void> check_spec(const QemuConfig& config, const VmSpec& spec);
Result<void> check_devices(std::span<const Device> devices, bool shared_memory);

}  // namespace kata::qemu
