// SPDX-License-Identifier: Apache-2.0
//
// A VM and its devices as Cloud Hypervisor's API wants them: the JSON bodies of vm.create and of
// vm.add-*. Values in, text out.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "cloudhv_config.h"
#include "kata/plugin/hypervisor.h"

namespace kata::cloudhv {

inline constexpr std::uint32_t kMostVcpus = 255;        // of a u8 in the API
inline constexpr std::uint64_t kMemoryBlockMib = 128;   // what memory is plugged in
inline constexpr std::uint32_t kFilesystemSegment = 1;  // of PCI: an IOMMU can spare it
inline constexpr std::uint32_t kGuestCid = 3;           // no two VMs share a hybrid vsock
inline constexpr std::uint32_t kAgentVsockPort = 1024;
inline constexpr const char* kGuestImageId = "guest-image";

// Names as the VMM's process sees them.
struct VmFiles {
  std::filesystem::path vsock{};      // it listens here for us
  std::filesystem::path console{};    // the guest's serial port writes here
  std::filesystem::path directory{};  // of the two; whole, for landlock
};

// vm.create: everything but NICs, which come by vm.add-net with their descriptors.
std::string create_body(const CloudhvConfig& config, const VmSpec& spec,
                        std::span<const Device> devices, const VmFiles& files);

// The guest kernel's own command line: ours, then spec.kernel_params.
std::string kernel_command_line(const CloudhvConfig& config, const VmSpec& spec);

std::string disk_body(const CloudhvConfig& config, const BlockDevice& disk, std::uint32_t vcpus);
std::string net_body(const CloudhvConfig& config, const TapDevice& tap);
std::string fs_body(const VhostUserFs& share);
std::string pci_body(const HostPciDevice& device);

// vm.resize; 0: as it is.
std::string resize_body(std::uint32_t vcpus, std::uint64_t memory_bytes);

// "file:///…" with what a URL cannot hold escaped.
std::string remove_body(std::string_view device_id);

// {"<key>": "file://<directory>"}. The path goes as it is: the VMM undoes no percent-encoding.
std::string directory_body(std::string_view key, const std::filesystem::path& directory);

// What the VM may grow to: its boot memory and whole blocks.
std::uint64_t most_memory_bytes(const VmSpec& spec);

}  // namespace kata::cloudhv
