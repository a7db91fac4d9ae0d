// SPDX-License-Identifier: Apache-2.0
//
// Devices of the host that were handed through: to the guest's own driver, or on to a container
// through the guest's vfio-pci.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "kata/result.h"

namespace kata::agent {

struct VfioOption {
  std::string host_address{};  // "0000:3b:00.0"
  std::string guest_path{};    // a PCI path
};

// "DDDD:BB:DD.F=<PCI path>".
Result<VfioOption> parse_vfio_option(std::string_view text);

// Gives the device in `directory` (…/0000:02:01.0) to the driver vfio-pci; one that has it already
// stays. Returns the name of its IOMMU group.
Result<std::string> give_to_vfio(const std::filesystem::path& directory,
                                 const std::filesystem::path& sysfs);

}  // namespace kata::agent
