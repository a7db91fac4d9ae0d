// SPDX-License-Identifier: Apache-2.0
//
// Refuses what QEMU could not run, before anything is made: each message names the value and the
// key or device it came from.
#pragma once

#include <span>

#include "kata/plugin/draft/hypervisor.h"
#include "qemu_config.h"

namespace kata::qemu {

// The program: absent, not a file, not executable.
Result<void> check_program(const std::filesystem::path& path);

Result<void> check_spec(const QemuConfig& config, const VmSpec& spec);
Result<void> check_devices(std::span<const Device> devices, bool shared_memory);

}  // namespace kata::qemu
