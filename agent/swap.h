// SPDX-License-Identifier: Apache-2.0
//
// Swap space on a disk that the host has given the guest. The host writes the swap header.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "kata/result.h"

namespace kata::agent {

// The disk's PCI path: the slot on each bus from the root on, function 0. Returns its name ("vda")
// once the kernel shows it; kTimeout when that is not before the deadline.
boost::asio::awaitable<Result<std::string>> wait_for_disk(std::filesystem::path sysfs,
                                                          std::vector<std::uint32_t> slots,
                                                          Deadline deadline);

// A block device or a regular file, absolute. One that is in use already is no error.
Result<void> swap_on(const std::string& path);

}  // namespace kata::agent
