// SPDX-License-Identifier: Apache-2.0
//
// Metrics in Prometheus' text format 0.0.4, under Kata's names.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace kata::sandbox {

// Of one process of the host: "<prefix>_threads", "_fds", "_proc_stat", "_proc_status" (in KiB),
// "_io_stat". What cannot be read is left out.
std::string process_metrics(std::string_view prefix, pid_t pid,
                            const std::filesystem::path& proc = "/proc");

}  // namespace kata::sandbox
