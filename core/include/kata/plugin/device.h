// SPDX-License-Identifier: Apache-2.0
//
// Devices as values: one plugin makes them (a tap, a vhost-user socket), another consumes them (the
// hypervisor). The composition only moves them. `id` is unique in a VM and at most 31 characters of
// [a-z0-9-]. FROZEN: part of the digest of the interfaces that speak of devices.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "kata/unique_fd.h"

namespace kata {

struct BlockDevice {
  std::string id{};
  std::filesystem::path path{};  // a raw image or a block node; the format is never guessed
  bool read_only = false;
};
struct TapDevice {
  std::string id{};
  std::string interface_name{};    // in the network namespace of the VM, for messages only
  std::string mac{};               // of the guest's NIC, "02:00:00:00:00:01"
  std::vector<UniqueFd> queues{};  // a tap descriptor each; at most one a vCPU of the start
};
struct VhostUserFs {
  std::string id{};
  std::filesystem::path socket{};   // listening when the device is handed over
  std::string tag{};                // by which the guest mounts it; at most 36 bytes
  std::uint32_t queue_size = 1024;  // descriptors, a power of two
};
struct Plan9Share {  // the VMM serves `host_path` itself
  std::string id{};
  std::filesystem::path host_path{};
  std::string tag{};  // by which the guest mounts it; at most 31 bytes
  bool read_only = false;
};
struct HostPciDevice {  // of the host, for the guest alone (VFIO)
  std::string id{};
  std::string address{};  // "0000:3b:00.0"
};

using Device = std::variant<BlockDevice, TapDevice, VhostUserFs, Plan9Share, HostPciDevice>;

}  // namespace kata
