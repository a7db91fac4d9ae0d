// SPDX-License-Identifier: Apache-2.0
//
// Delete: of a container everything that is left on the host, with the VM if it is the pod's own;
// of an exec its entry.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <utility>

#include "agent.pb.h"
#include "containerd/events.pb.h"
#include "core/base/log.h"
#include "kata/concat.h"
#include "programs/containerd-shim-kata-v2/agent_port.h"
#include "programs/containerd-shim-kata-v2/off_loop.h"
#include "programs/containerd-shim-kata-v2/rootfs_mount.h"
#include "programs/containerd-shim-kata-v2/tasks.h"
#include "programs/containerd-shim-kata-v2/timestamp.h"
#include "sandbox/hooks.h"

namespace kata::shim_v2 {

namespace asio = boost::asio;

namespace {

task::DeleteResponse response_of(const Process& process, std::uint32_t pid) {
  task::DeleteResponse response;
  response.set_pid(pid);
  *response.mutable_exited_at() = process.exit() ? process.exit()->time : now();
  if (process.exit()) response.set_exit_status(process.exit()->code);
  return response;
}

Error still_runs(const Process& process) {
  return make_error(ErrorCode::kFailedPrecondition,
                    concat("process '", process.name(), "' is running: kill it first"));
}

}  // namespace

Tasks::Reply<task::DeleteResponse> Tasks::remove(task::DeleteRequest request) {
  const auto found = containers_.find(request.id());
  if (found != containers_.end()) {
    const ContainerPointer creating = found->second;
    co_await creating->created.wait();
  }
  KATA_CO_TRY(const ContainerPointer container, find(request.id()), "");
  if (!request.exec_id().empty()) co_return co_await remove_exec(container, request.exec_id());
  if (container->init->status() == Process::Status::kRunning)
    co_return still_runs(*container->init);
  if (std::exchange(container->leaving, true))
    co_return make_error(ErrorCode::kFailedPrecondition,
                         concat("container '", request.id(), "' is being deleted"));
  auto removed = co_await remove_container(container);
  container->leaving = removed.ok();
  if (!removed.ok())
    co_return in_context(std::move(removed).error(),
                         concat("delete container '", request.id(), "'"));
  containers_.erase(request.id());
  const task::DeleteResponse response = response_of(*container->init, pid());
  containerd::events::TaskDelete event;
  event.set_container_id(request.id());
  event.set_pid(response.pid());
  event.set_exit_status(response.exit_status());
  *event.mutable_exited_at() = response.exited_at();
  publish("/tasks/delete", "TaskDelete", event);
  co_return response;
}

Tasks::Reply<task::DeleteResponse> Tasks::remove_exec(ContainerPointer container,
                                                      std::string exec_id) {
  KATA_CO_TRY(const auto process, find_process(container->record.id, exec_id), "");
  if (process->status() == Process::Status::kRunning || process->is_starting())
    co_return still_runs(*process);
  container->execs.erase(exec_id);
  container->exec_specs.erase(exec_id);
  co_return response_of(*process, pid());
}

asio::awaitable<Result<void>> Tasks::remove_container(ContainerPointer container) {
  const sandbox::ContainerRecord& record = container->record;
  const grpc::Hooks hooks = sandbox::late_hooks_of(record);
  if (!container->init->exit()) {
    KATA_CO_CHECK(co_await end_created(container), "");
  }
  if (is_pods_own(*container)) {
    KATA_CO_CHECK(co_await pod_.take_down(), "");
  } else if (pod_.sandbox().status().running) {
    using Refusal = sandbox::Sandbox::Refusal;
    auto removed =
        co_await pod_.sandbox().remove_container(record.id, Refusal::kIgnored, patience_.removal);
    // One that is gone has taken its containers along.
    if (!removed.ok() && pod_.sandbox().status().running) co_return removed;
  }
  if (container->bundle_mounted) {
    auto unmount = [rootfs = record.rootfs] { return unmount_rootfs(rootfs); };
    KATA_CO_CHECK(co_await pod_.on_plugin_thread(std::move(unmount)), "");
  }
  KATA_CO_CHECK(pod_.store().remove(record.id), "");
  if (!hooks.poststop().empty()) {
    auto run = [hooks, record] {
      sandbox::run_poststop_hooks(hooks, record);
      return true;
    };
    co_await off_loop(std::move(run));
  }
  co_return Result<void>{};
}

asio::awaitable<void> Tasks::terminate_all(Deadline deadline) {
  const auto containers = containers_;  // some may be going
  for (const auto& [id, container] : containers) {
    if (!container->init || container->init->status() != Process::Status::kRunning) continue;
    grpc::SignalProcessRequest signal;
    signal.set_container_id(id);
    signal.set_exec_id(id);
    signal.set_signal(SIGTERM);
    const std::chrono::nanoseconds left = deadline - std::chrono::steady_clock::now();
    const auto limit = std::min<std::chrono::nanoseconds>(left, patience_.kill);
    if (limit.count() <= 0) co_return;
    const auto sent = co_await tell_agent(pod_.sandbox(), "SignalProcess", signal, limit);
    if (!sent.ok()) log::warn("terminate a container", {{"error", sent.error().message}});
  }
  for (const auto& [id, container] : containers)
    if (container->init && container->init->status() == Process::Status::kRunning)
      static_cast<void>(co_await container->init->finished_by(deadline));
}

asio::awaitable<void> Tasks::remove_all() {
  while (!containers_.empty()) {
    const auto [id, container] = *containers_.begin();
    co_await container->created.wait();
    if (!containers_.contains(id)) continue;  // it could not be made
    container->leaving = true;
    const auto removed = co_await remove_container(container);
    if (!removed.ok())
      log::warn("a container of a sandbox that has ended", {{"error", removed.error().message}});
    containers_.erase(id);
  }
}

// One that was never started, or whose start failed.
asio::awaitable<Result<void>> Tasks::end_created(const ContainerPointer& container) {
  const auto init = container->init;
  grpc::SignalProcessRequest signal;
  signal.set_container_id(container->record.id);
  signal.set_exec_id(container->record.id);
  signal.set_signal(SIGKILL);
  const auto sent = co_await tell_agent(pod_.sandbox(), "SignalProcess", signal, patience_.kill);
  if (!sent.ok()) log::debug("kill a created container", {{"error", sent.error().message}});
  const Deadline deadline = std::chrono::steady_clock::now() + patience_.kill;
  const bool ended = co_await init->finished_by(deadline);
  if (ended || is_pods_own(*container)) co_return Result<void>{};
  log::error("the guest does not end a created container: it is given up",
             {{"container", container->record.id}});
  init->give_up();
  co_await init->finished();
  co_return Result<void>{};
}

}  // namespace kata::shim_v2
