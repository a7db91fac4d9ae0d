// SPDX-License-Identifier: Apache-2.0
//
// Swap space on a disk that the host has given the guest. The host writes the swap header.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kata/result.h"

namespace kata::agent {

// The slot on each bus from the root on as a PCI path, "02/03".
Result<std::string> swap_disk_path(const std::vector<std::uint32_t>& slots);

// A block device or a regular file, absolute. One that is in use already is no error.
Result<void> swap_on(const std::string& path);

}  // namespace kata::agent
