// SPDX-License-Identifier: Apache-2.0
//
// What a case may have left: processes, descriptors, mounts.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace kata::check {

std::vector<pid_t> children_of_this_process();
std::size_t open_descriptors();
std::vector<std::string> mounts_below(const std::filesystem::path& directory);

// Children that have ended: a plugin's grandchildren come to a subreaper when their parent goes.
void reap_the_dead();

// Kills and reaps every child of this process, and theirs if it is a subreaper.
void end_children();

}  // namespace kata::check
