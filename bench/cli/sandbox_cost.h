// SPDX-License-Identifier: Apache-2.0
//
// What the host spends on a sandbox apart from its VMM.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace kata::bench {

// CPU milliseconds of a program that runs to its end, with those of its children that it waited
// for. Fails the bench when the program fails.
double cpu_ms_of(const std::vector<std::string>& argv);

// The processes of the sandbox of container `id` below `root`: proxy, file server, shims; the VMM
// is none of them.
std::vector<pid_t> helpers_of_sandbox(const std::filesystem::path& root, const std::string& id);

double cpu_ms_so_far(const std::vector<pid_t>& pids);
double pss_mib(const std::vector<pid_t>& pids);

}  // namespace kata::bench
