// SPDX-License-Identifier: Apache-2.0
//
// Which firmware a guest starts with. QEMU's default, SeaBIOS, looks for boot disks that no sandbox
// has; under TCG that takes 50 ms of each start. Distributions ship the small qboot beside it.
#pragma once

#include <filesystem>

#include "accelerator.h"
#include "qemu_config.h"

namespace kata::qemu {

// Of -bios; empty: QEMU's own. What `config` names comes first.
std::filesystem::path choose_firmware(const QemuConfig& config, Accelerator accelerator);

}  // namespace kata::qemu
