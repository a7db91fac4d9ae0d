// SPDX-License-Identifier: Apache-2.0
#include "firmware.h"

#include <system_error>

namespace kata::qemu {

std::filesystem::path choose_firmware(const QemuConfig& config, Accelerator accelerator) {
  if (!config.firmware.empty()) return config.firmware;
  if (accelerator != Accelerator::kTcg || config.machine_type != "q35") return {};
  auto qboot = config.path.parent_path().parent_path() / "share/qemu/qboot.rom";
  std::error_code unreadable;
  return std::filesystem::is_regular_file(qboot, unreadable) ? qboot : std::filesystem::path();
}

}  // namespace kata::qemu
