// SPDX-License-Identifier: Apache-2.0
//
// The control groups that a mock VM has to itself: one in each hierarchy, below the groups that the
// calling process is in, so that what the VM may use is what its sandbox may.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kata/result.h"

namespace kata::mock {

// Where groups of this name would be, of `cgroups` and `mountinfo` as in /proc/self. Hierarchies
// without controllers are left out.
std::vector<std::string> cgroup_directories(std::string_view cgroups, std::string_view mountinfo,
                                            std::string_view name);

// cgroup_directories of the calling process.
Result<std::vector<std::string>> own_cgroup_directories(std::string_view name);

Result<void> make_cgroups(const std::vector<std::string>& directories);

// With everything below them; waits until the deadline for their last processes. Idempotent.
Result<void> remove_cgroups(const std::vector<std::string>& directories, Deadline deadline);

}  // namespace kata::mock
