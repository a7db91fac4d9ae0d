// SPDX-License-Identifier: Apache-2.0
//
// Processors and memory that the virtual machine got after it started: the kernel shows them, and
// somebody has to switch them on. All functions take the root of sysfs, so that tests can show
// another.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <filesystem>
#include <vector>

#include "kata/result.h"

namespace kata::agent {

// Returns when `wanted` processors are online in all; those that are still to appear are waited for
// until the deadline, then the result is kTimeout. None goes offline.
boost::asio::awaitable<Result<void>> online_cpus(std::filesystem::path sysfs, std::uint64_t wanted,
                                                 Deadline deadline);

// Every memory block that is offline now.
Result<void> online_memory(const std::filesystem::path& sysfs);

// Tells a kernel without ACPI where new memory lies. kUnsupported when it does not want to know.
Result<void> probe_memory(const std::filesystem::path& sysfs,
                          const std::vector<std::uint64_t>& addresses);

}  // namespace kata::agent
