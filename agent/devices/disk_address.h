// SPDX-License-Identifier: Apache-2.0
//
// How a host names a disk that it gave the guest, and which disk of the guest that is. All
// functions take the root of sysfs, so that tests can show another.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kata/result.h"

namespace kata::agent {

struct PciDisk {       // of virtio-blk
  std::string path{};  // "02/03", see network/pci_path.h
  friend bool operator==(const PciDisk&, const PciDisk&) = default;
};
struct ScsiDisk {
  unsigned id = 0, lun = 0;
  friend bool operator==(const ScsiDisk&, const ScsiDisk&) = default;
};
struct NamedDisk {  // known by its name in the guest: virtio-mmio, pmem
  std::string name{};
  friend bool operator==(const NamedDisk&, const NamedDisk&) = default;
};
using DiskAddress = std::variant<PciDisk, ScsiDisk, NamedDisk>;

// Of the drivers and device types "blk", "mmioblk", "scsi" and "nvdimm"; "blk-ccw" is kUnsupported.
bool is_disk_driver(std::string_view driver) noexcept;

// blk: a PCI path or "/dev/vdb"; scsi: "<id>:<lun>"; mmioblk, nvdimm: "/dev/<name>".
Result<DiskAddress> parse_disk_address(std::string_view driver, std::string_view text);

std::string text_of(const DiskAddress& address);

// The disk's name ("vdb"). kNotFound: it is not there yet.
Result<std::string> find_disk(const DiskAddress& address, const std::filesystem::path& sysfs);

// Asks its bus to look for it. What cannot be asked is left out.
void scan_for(const DiskAddress& address, const std::filesystem::path& sysfs);

// The kernel modules without which it cannot appear.
std::vector<std::string_view> drivers_of(const DiskAddress& address);

}  // namespace kata::agent
