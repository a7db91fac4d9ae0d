// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/cleanup.h"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <thread>

#include "containerd/task.pb.h"
#include "core/plugin_host/plugin_host.h"
#include "kata/child_process.h"
#include "kata/concat.h"
#include "programs/containerd-shim-kata-v2/rootfs_mount.h"
#include "programs/containerd-shim-kata-v2/shim.h"
#include "programs/containerd-shim-kata-v2/start.h"
#include "programs/containerd-shim-kata-v2/timestamp.h"
#include "protocol/ttrpc/blocking_client.h"
#include "sandbox/recover.h"
#include "sandbox/sandbox_cgroups.h"

namespace kata::shim_v2 {

namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kKilled = 137;
constexpr std::chrono::seconds kShimTime{1}, kEmptyTime{2}, kShutdownTime{2};

Deadline in(std::chrono::seconds time) { return std::chrono::steady_clock::now() + time; }

// A record of this bundle; another container of this id is not ours.
bool is_of_bundle(const Result<sandbox::ContainerRecord>& record, const fs::path& bundle) {
  return record.ok() && record.value().bundle == bundle.native();
}

// One that containerd could not reach any more.
Result<void> kill_shim(const sandbox::ProcessRef& shim) {
  auto process = ChildProcess::adopt(shim.pid, shim.start_time);
  if (!process.ok()) return {};
  KATA_TRY(process.value().terminate(SIGKILL, in(kShimTime)), "kill the shim");
  return {};
}

Result<void> remove_sandbox(sandbox::Store store, const std::string& id) {
  const auto record = store.load_sandbox(id);
  if (!record.ok() && record.error().code == ErrorCode::kNotFound) return {};
  KATA_TRY(record, "");
  KATA_TRY(kill_shim(record.value().proxy), "");
  plugin_host::PluginHost host;
  KATA_TRY(sandbox::clean_up_dead_sandbox(store, host, record.value()), "");
  return sandbox::remove_cgroups(record.value().cgroups, in(kEmptyTime));
}

// One that `start` left when it was killed: it has no record, for nobody has asked it for anything,
// and its address may not have been written.
void dismiss_unused_shim(const Options& options, const fs::path& bundle) {
  const auto placement = placement_of_bundle(bundle, options.id);
  if (!placement.ok() || !placement.value().new_sandbox) return;
  const fs::path socket = socket_path(socket_address(options, placement.value().sandbox_id));
  auto client = ttrpc::BlockingClient::connect(socket);
  if (client.ok()) {
    containerd::task::ShutdownRequest request;
    request.set_id(options.id);
    request.set_now(true);
    static_cast<void>(ttrpc::call<containerd::Empty>(client.value(), "containerd.task.v2.Task",
                                                     "Shutdown", request, in(kShutdownTime)));
  }
  ::unlink(socket.c_str());
}

// containerd notices that the connection is gone before a killed shim is.
bool shim_lives(const sandbox::Store& store, const std::string& sandbox_id) {
  constexpr std::chrono::milliseconds kStep{10};
  const Deadline deadline = in(kShimTime);
  for (;;) {
    const auto record = store.load_sandbox(sandbox_id);
    if (!record.ok() || !sandbox::is_alive(record.value().proxy)) return false;
    if (std::chrono::steady_clock::now() > deadline) return true;
    std::this_thread::sleep_for(kStep);
  }
}

std::uint32_t pid_of(const sandbox::Store& store, const std::string& id) {
  const auto record = store.load_container(id);
  return record.ok() ? static_cast<std::uint32_t>(record.value().shim.pid) : 0;
}

// Made for this bundle. Its container's record comes later and goes earlier.
bool is_sandbox_of_bundle(const sandbox::Store& store, const std::string& id,
                          const fs::path& bundle) {
  const auto record = store.load_sandbox(id);
  return record.ok() && record.value().bundle == bundle.native();
}

// Its first record was being written.
bool is_unwritten(const sandbox::Store& store, const std::string& id) {
  const auto container = store.load_container(id);
  const auto sandbox = store.load_sandbox(id);
  return !container.ok() && container.error().code == ErrorCode::kNotFound && !sandbox.ok() &&
         sandbox.error().code == ErrorCode::kNotFound;
}

Result<void> remove_own_sandbox(const sandbox::Store& store, const Options& options) {
  KATA_TRY(remove_sandbox(store, options.id), concat("clean up sandbox '", options.id, "'"));
  ::unlink(socket_path(socket_address(options, options.id)).c_str());
  return store.remove(options.id);
}

}  // namespace

Result<void> clean_up(const sandbox::Store& store, const Options& options, const fs::path& bundle) {
  const auto record = store.load_container(options.id);
  const bool ours = is_of_bundle(record, bundle);
  const bool own = ours ? record.value().sandbox_id == options.id
                        : is_sandbox_of_bundle(store, options.id, bundle);
  if (own) {
    KATA_TRY(remove_own_sandbox(store, options), "");
  } else if (ours) {
    if (!shim_lives(store, record.value().sandbox_id)) KATA_TRY(store.remove(options.id), "");
  } else if (!record.ok()) {
    dismiss_unused_shim(options, bundle);
    if (is_unwritten(store, options.id)) KATA_TRY(store.remove(options.id), "");
  }
  return unmount_rootfs(bundle / "rootfs");
}

std::string cleanup_response(std::uint32_t pid) {
  containerd::task::DeleteResponse response;
  response.set_pid(pid);
  response.set_exit_status(kKilled);
  *response.mutable_exited_at() = now();
  return response.SerializeAsString();
}

int run_delete(const Options& options) {
  std::error_code failure;
  const fs::path named = options.bundle.empty() ? fs::current_path(failure) : options.bundle;
  const fs::path bundle = fs::weakly_canonical(named, failure);
  const sandbox::Store store(kStoreRoot);
  const std::uint32_t pid = pid_of(store, options.id);
  const auto cleaned = clean_up(store, options, bundle);
  if (!cleaned.ok())
    std::fprintf(stderr, "containerd-shim-kata-v2: %s\n", cleaned.error().message.c_str());
  const std::string response = cleanup_response(pid);
  std::fwrite(response.data(), 1, response.size(), stdout);
  return cleaned.ok() ? 0 : 1;
}

}  // namespace kata::shim_v2
