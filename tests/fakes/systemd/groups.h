// SPDX-License-Identifier: Apache-2.0
//
// What systemd does to the control groups of a scope on a host of version 1 or of both: it makes
// them in the hierarchies that are its business, moves the processes, and on a stop ends these and
// removes the groups with its slices that became empty.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kata/result.h"

namespace kata::fakes {

Result<void> make_scope_group(const std::string& path, const std::vector<std::uint32_t>& pids);
Result<void> end_scope_group(const std::string& path);

}  // namespace kata::fakes
