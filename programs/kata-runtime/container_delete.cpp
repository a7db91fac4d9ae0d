// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/container_delete.h"

#include <signal.h>

#include <chrono>

#include "core/base/log.h"
#include "kata/child_process.h"
#include "programs/kata-runtime/hooks.h"
#include "programs/kata-runtime/sandbox_client.h"
#include "programs/kata-runtime/sandbox_process.h"
#include "sandbox.pb.h"

namespace kata::runtime {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// The guest need not end by itself: what a process wrote to shared files is on the host when the
// process has ended.
constexpr milliseconds kPatience{0};
constexpr seconds kRemoveTime{3};

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

}  // namespace

Result<void> delete_stopped(const Globals& globals, const sandbox::ContainerRecord& record) {
  const sandbox::Store store = globals.store();
  const grpc::Hooks hooks = late_hooks_of(record);
  if (record.sandbox_id == record.id)
    KATA_TRY(end_sandbox(globals, record.sandbox_id, kPatience), "");
  else
    remove_from_sandbox(store, record);
  KATA_TRY(store.remove(record.id), "");
  run_poststop_hooks(hooks, record);
  return {};
}

Result<void> force_delete(const Globals& globals, const sandbox::ContainerRecord& record) {
  kill_shim(record.shim);
  return delete_stopped(globals, record);
}

}  // namespace kata::runtime
