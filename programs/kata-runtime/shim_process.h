// SPDX-License-Identifier: Apache-2.0
//
// Starting kata-shim, the host process that stands for one process of the guest.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "kata/child_process.h"
#include "kata/result.h"
#include "programs/kata-runtime/console.h"
#include "programs/shim_view.h"
#include "sandbox/store.h"

namespace kata::runtime {

struct ShimRequest {
  std::filesystem::path proxy_socket{};
  std::string container_id{}, exec_id{};
  bool terminal = false;
  std::filesystem::path console_socket{};  // empty: this program's own stdio becomes the shim's
  ConsoleSize console_size{};
  std::filesystem::path netns{};  // of the pod, where engines look for it; empty: the caller's
  ShimView view{};                // entered by the shim; no rootfs: the caller's mounts
  bool detached = true;           // gets a session of its own; else it shares our terminal
};

Result<std::vector<std::string>> shim_command(const ShimRequest& request);

// The shim outlives this program; whoever reaps orphans here gets the workload's exit code.
Result<ChildProcess> spawn_shim(const ShimRequest& request);

// By pid and start time, for a record.
Result<sandbox::ProcessRef> reference_to(pid_t pid);

// Writes the pid for --pid-file; callers take the file's appearance for "created".
Result<void> write_pid_file(const std::filesystem::path& file, pid_t pid);

}  // namespace kata::runtime
