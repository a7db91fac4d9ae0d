// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/shim_pids.h"

#include <algorithm>

#include "kata/concat.h"
#include "programs/kata-runtime/process_scan.h"

namespace kata::runtime {

Result<std::vector<pid_t>> shim_pids(const std::filesystem::path& proxy_socket,
                                     const std::string& container_id,
                                     const std::filesystem::path& proc) {
  const std::string address = concat("unix://", proxy_socket);
  std::vector<pid_t> pids;
  KATA_TRY(for_each_process(proc,
                            [&](pid_t pid, const std::vector<std::string>& words) {
                              if (program_name(words) == "kata-shim" &&
                                  value_of(words, "--agent") == address &&
                                  value_of(words, "--container") == container_id)
                                pids.push_back(pid);
                            }),
           "");
  std::sort(pids.begin(), pids.end());
  return pids;
}

}  // namespace kata::runtime
