// SPDX-License-Identifier: Apache-2.0
//
// A mount of one container that another one gets, too.
#pragma once

#include <sys/types.h>

#include <string>

#include "kata/result.h"

namespace kata::agent {

// Whether `path` is a mount point as the process sees it.
bool is_mount_point_of(pid_t process, const std::string& path);

// The tree of mounts at `source_path` of the one process on `destination_path`, which is made, of
// the other. Links are resolved inside each one's root. The agent must have one thread.
Result<void> share_mount(pid_t source, const std::string& source_path, pid_t destination,
                         const std::string& destination_path);

}  // namespace kata::agent
