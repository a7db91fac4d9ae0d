// SPDX-License-Identifier: Apache-2.0
//
// What a configuration asks of the host's files, and whether they are there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/config/config.h"
#include "programs/kata-runtime/globals.h"

namespace kata::runtime {

struct NeededFile {
  std::string what{};            // "guest kernel"
  std::string key{};             // "hypervisor.qemu.kernel"
  std::filesystem::path path{};  // empty: none is configured and none was found
  std::string error{};           // empty: it is there
  std::string remedy{};
  std::filesystem::path found{};  // in another usual place; empty: nowhere, or not needed
};

struct SetupReport {
  std::string config_file{};   // empty: none was found
  std::string config_error{};  // empty: it was read
  bool absent() const { return config_file.empty(); }
  std::string hypervisor{}, network{}, shared_filesystem{};
  std::string accelerator = "auto", agent_transport = "auto";  // of qemu
  std::string machine_type = "q35";
  std::string kernel_params{};
  std::string memory_dedup = "none";
  std::string guest_filesystems{};  // of the manifest beside the guest's kernel: "9p virtiofs"
  std::string guest_kernel_name{};  // of it as well; empty: there is no manifest that tells
  std::uint64_t memory_mib = 0;
  std::uint32_t vcpus = 1;
  bool huge_pages = false;
  std::vector<NeededFile> files{};

  const NeededFile* file(std::string_view key) const;  // by the key's last part
};

// Reads the configuration as `create` would. When there is none: what the shipped one asks for. Of
// one that is refused nothing is known but why.
SetupReport read_setup(const Globals& globals);

// The same of a given configuration.
void describe_setup(const config::Config& config, SetupReport& report);

}  // namespace kata::runtime
