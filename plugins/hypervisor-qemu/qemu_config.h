// SPDX-License-Identifier: Apache-2.0
//
// The [hypervisor.qemu] keys that this plugin honours, as a value. The host has already checked
// names and types against the field table in plugin.cpp; what is checked here is meaning.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "kata/result.h"

namespace kata::qemu {

struct QemuConfig {
  std::filesystem::path path = "/usr/bin/qemu-system-x86_64";
  std::string machine_type = "q35";
  std::string machine_accelerators{};      // appended to -machine
  std::string cpu_features{};              // appended to -cpu
  std::string accelerator = "auto";        // auto, kvm, tcg
  int tcg_tb_size = 0;                     // MiB; 0: QEMU's choice
  std::string agent_transport = "auto";    // auto, vsock, serial
  std::string seccompsandbox{};            // of -sandbox; empty: no sandbox
  std::filesystem::path firmware{};        // of -bios; empty: QEMU's own
  std::filesystem::path entropy_source{};  // empty: no virtio-rng device
  bool disable_vhost_net = false;

  friend bool operator==(const QemuConfig&, const QemuConfig&) = default;
};

Result<QemuConfig> parse_config(std::string_view json);

}  // namespace kata::qemu
