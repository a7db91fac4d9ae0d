// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/shim_process.h"

#include "core/base/files.h"
#include "core/base/memory_file.h"
#include "kata/concat.h"
#include "sandbox/companion.h"

namespace kata::runtime {

namespace {

constexpr int kViewFd = 3;

}  // namespace

Result<std::vector<std::string>> shim_command(const ShimRequest& request) {
  std::vector<std::string> argv = {KATA_TRY(sandbox::companion("kata-shim"), ""),
                                   "--agent",
                                   concat("unix://", request.proxy_socket),
                                   "--container",
                                   request.container_id,
                                   "--exec-id",
                                   request.exec_id};
  if (request.terminal) argv.emplace_back("--terminal");
  if (!request.view.rootfs.empty()) argv.insert(argv.end(), {"--view-fd", std::to_string(kViewFd)});
  return argv;
}

Result<ChildProcess> spawn_shim(const ShimRequest& request) {
  SpawnRequest spawn;
  spawn.argv = KATA_TRY(shim_command(request), "");
  spawn.kill_with_parent = false;
  spawn.new_session = request.detached;
  spawn.netns = request.netns;
  UniqueFd console;
  if (!request.console_socket.empty())
    console = KATA_TRY(open_console(request.console_socket, request.console_size), "");
  for (int standard = 0; standard <= 2; ++standard)
    spawn.descriptors.push_back({console ? console.get() : standard, standard});
  UniqueFd view;
  if (!request.view.rootfs.empty()) {
    view = KATA_TRY(memory_file("view", encode_view(request.view)), "");
    spawn.descriptors.push_back({view.get(), kViewFd});
  }
  return ChildProcess::spawn(std::move(spawn));
}

Result<sandbox::ProcessRef> reference_to(pid_t pid) {
  return sandbox::ProcessRef{pid, KATA_TRY(process_start_time(pid), "")};
}

Result<void> write_pid_file(const std::filesystem::path& file, pid_t pid) {
  if (file.empty()) return {};
  std::error_code failure;
  return write_file_atomically(std::filesystem::absolute(file, failure), std::to_string(pid), 0644);
}

}  // namespace kata::runtime
