// SPDX-License-Identifier: Apache-2.0
//
// Filesystems of the guest as a host looks after them.
#pragma once

#include <filesystem>
#include <string>

#include "kata/result.h"

namespace grpc {
class VolumeStatsResponse;
}

namespace kata::agent {

// Room and inodes of the filesystem at `path`.
Result<grpc::VolumeStatsResponse> volume_stats(const std::string& path);

// Looks at every mount below `directory`: the kernel then drops those whose source the host has
// removed. What cannot be looked at is no error.
void drop_stale_mounts(const std::filesystem::path& directory);

}  // namespace kata::agent
