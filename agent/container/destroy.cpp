// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include <thread>

#include "agent/container/cgroup.h"
#include "agent/container/launch.h"
#include "kata/concat.h"

namespace kata::agent {

Result<void> destroy_container(const ContainerPaths& paths, Deadline deadline) {
  const auto cgroup = KATA_TRY(open_cgroup(paths.cgroup), "destroy container");
  for (;;) {
    const auto pids = KATA_TRY(processes_of(*cgroup), "destroy container");
    if (pids.empty()) break;
    KATA_TRY(cgroup->signal_all(SIGKILL), "destroy container");
    if (std::chrono::steady_clock::now() >= deadline)
      return make_error(ErrorCode::kTimeout,
                        concat("destroy container: ", pids.size(), " processes of cgroup '",
                               paths.cgroup, "' outlive SIGKILL, first ", pids.front()));
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return remove_cgroup(*cgroup, deadline);
}

Result<void> signal_all(const ContainerPaths& paths, int signal) {
  const auto cgroup = KATA_TRY(open_cgroup(paths.cgroup), "signal container");
  KATA_TRY(cgroup->signal_all(signal), "signal container");
  return {};
}

}  // namespace kata::agent
