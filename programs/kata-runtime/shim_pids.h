// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "kata/result.h"

namespace kata::runtime {

// The host processes that stand for the processes of a container: its shim and those of its execs,
// found by their command lines below `proc`. Sorted.
Result<std::vector<pid_t>> shim_pids(const std::filesystem::path& proxy_socket,
                                     const std::string& container_id,
                                     const std::filesystem::path& proc = "/proc");

}  // namespace kata::runtime
