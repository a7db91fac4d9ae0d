// SPDX-License-Identifier: Apache-2.0
//
// The processes of a container, for `kata-runtime ps`. Kata 4.1 has no call for them: they are the
// answer to GetDiagnosticData with the log_type "processes", which an agent of Kata refuses.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "agent/container/launch.h"
#include "kata/result.h"

namespace kata::agent {

// {"processes":[{"pid":1,"ppid":0,"uid":0,"threads":1,"state":"S","tty":"?","age_ms":…,"cpu_ms":…,
// "vsz_kib":…,"rss_kib":…,"comm":"sh","command":"sh -c x"}]}. Pids are those that the process has
// in its own pid namespace; a parent that is not in the list is 0. What ends meanwhile is left out.
std::string process_list_json(const std::vector<pid_t>& pids,
                              const std::filesystem::path& proc = "/proc");

// Of everything in the container's cgroup.
Result<std::string> list_processes(const ContainerPaths& paths);

}  // namespace kata::agent
