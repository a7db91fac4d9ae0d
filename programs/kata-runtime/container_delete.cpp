// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/container_delete.h"

#include <signal.h>

#include <cerrno>
#include <chrono>

#include "core/base/log.h"
#include "kata/child_process.h"
#include "programs/kata-runtime/sandbox_client.h"
#include "programs/kata-runtime/sandbox_process.h"
#include "sandbox.pb.h"
#include "sandbox/container_state.h"
#include "sandbox/hooks.h"

namespace kata::runtime {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// The guest need not end by itself: what a process wrote to shared files is on the host when the
// process has ended.
constexpr milliseconds kPatience{0};
constexpr seconds kRemoveTime{3};
constexpr seconds kPoliteTime{1}, kBreakTime{3};  // for another verb's lock

void kill_shim(const sandbox::ProcessRef& shim) {
  if (!sandbox::is_alive(shim)) return;
  auto process = ChildProcess::adopt(shim.pid, shim.start_time);
  if (process.ok()) static_cast<void>(process.value().terminate(SIGKILL, in(seconds(1))));
}

// From a sandbox that others use. One that is gone has taken its containers along.
void remove_from_sandbox(const sandbox::Store& store, const sandbox::ContainerRecord& record) {
  sandbox::RemoveContainerRequest request;
  request.set_container_id(record.id);
  auto client = connect_to_sandbox(store, record.sandbox_id);
  const auto removed = client.ok()
                           ? client.value().call(kSandboxService, "RemoveContainer",
                                                 request.SerializeAsString(), in(kRemoveTime))
                           : Result<std::string>(client.error());
  if (!removed.ok())
    log::warn("the sandbox did not remove the container", {{"error", removed.error().message}});
}

// The container is gone and another has its name now.
bool is_other(const sandbox::Store& store, const sandbox::ContainerRecord& record) {
  const auto now = store.load_container(record.id);
  return now.ok() && !record.created.empty() && now.value().created != record.created;
}

bool has(const Result<UniqueFd>& lock, ErrorCode code) {
  return !lock.ok() && lock.error().code == code;
}

// Something else than a directory stands where the container's was: nobody can be at work in it.
bool is_no_directory(const Result<UniqueFd>& lock) {
  return !lock.ok() && (lock.error().sys_errno == ENOTDIR || lock.error().sys_errno == ELOOP);
}

Result<void> end_in_sandbox(const Globals& globals, const sandbox::ContainerRecord& record) {
  if (record.sandbox_id == record.id) return end_sandbox(globals, record.sandbox_id, kPatience);
  remove_from_sandbox(globals.store(), record);
  return {};
}

// A verb that will not let go waits for the sandbox, or for its part of it: it fails when that is
// gone.
Result<UniqueFd> lock_by_force(const Globals& globals, const sandbox::ContainerRecord& record) {
  const sandbox::Store store = globals.store();
  auto lock = store.lock(record.id, in(kPoliteTime));
  if (!has(lock, ErrorCode::kTimeout)) return lock;
  if (is_other(store, record)) return lock;
  KATA_TRY(end_in_sandbox(globals, record), "");
  return store.lock(record.id, in(kBreakTime));
}

Result<void> remove_locked(const Globals& globals, const sandbox::ContainerRecord& record,
                           Result<UniqueFd> lock) {
  const sandbox::Store store = globals.store();
  if (has(lock, ErrorCode::kNotFound)) return {};
  if (!is_no_directory(lock) && !lock.ok()) return std::move(lock).error();
  if (is_other(store, record)) return {};
  const grpc::Hooks hooks = late_hooks_of(record);
  KATA_TRY(end_in_sandbox(globals, record), "");
  KATA_TRY(store.remove(record.id), "");
  run_poststop_hooks(hooks, record);
  return {};
}

}  // namespace

Result<void> delete_stopped(const Globals& globals, const sandbox::ContainerRecord& record) {
  return remove_locked(globals, record, globals.store().lock(record.id, in(sandbox::kLockTime)));
}

Result<void> force_delete(const Globals& globals, const sandbox::ContainerRecord& record) {
  kill_shim(record.shim);
  return remove_locked(globals, record, lock_by_force(globals, record));
}

}  // namespace kata::runtime
