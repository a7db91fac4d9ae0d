// SPDX-License-Identifier: Apache-2.0
//
// Start: the workload of a created container, or an exec.
#include <chrono>
#include <utility>

#include "agent.pb.h"
#include "containerd/events.pb.h"
#include "core/base/log.h"
#include "kata/concat.h"
#include "programs/containerd-shim-kata-v2/agent_port.h"
#include "programs/containerd-shim-kata-v2/off_loop.h"
#include "programs/containerd-shim-kata-v2/tasks.h"
#include "sandbox/hooks.h"

namespace kata::shim_v2 {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds kStartTime{60};
constexpr std::chrono::seconds kNetworkTime{10};  // a NIC is plugged in within half a second

Error not_created(const Process& process) {
  return make_error(ErrorCode::kFailedPrecondition,
                    concat("process '", process.name(), "' has been started already"));
}

}  // namespace

Tasks::Reply<task::StartResponse> Tasks::start(task::StartRequest request) {
  KATA_CO_TRY(const ContainerPointer container, find(request.id()), "");
  KATA_CO_TRY(const auto process, find_process(request.id(), request.exec_id()), "");
  if (process->status() != Process::Status::kCreated || process->is_starting())
    co_return not_created(*process);
  process->begin_start();
  const bool is_exec = !request.exec_id().empty();
  Result<void> started;
  if (is_exec)
    started = co_await start_exec(container, process);
  else
    started = co_await start_container(container);
  if (started.ok() && process->exit())
    started = make_error(ErrorCode::kTimeout, "the process had ended before its start was told");
  // The event comes before that of the end, which waits for this.
  if (started.ok() && is_exec) {
    containerd::events::TaskExecStarted event;
    event.set_container_id(request.id());
    event.set_exec_id(request.exec_id());
    event.set_pid(pid());
    publish("/tasks/exec-started", "TaskExecStarted", event);
  } else if (started.ok()) {
    containerd::events::TaskStart event;
    event.set_container_id(request.id());
    event.set_pid(pid());
    publish("/tasks/start", "TaskStart", event);
  }
  process->end_start(started.ok());
  if (!started.ok()) co_return std::move(started).error();
  if (!is_exec) pod_.settle();
  task::StartResponse response;
  response.set_pid(pid());
  co_return response;
}

asio::awaitable<Result<void>> Tasks::start_container(ContainerPointer container) {
  const Deadline network_by = std::chrono::steady_clock::now() + kNetworkTime;
  if (!co_await pod_.sandbox().network_settled(network_by))
    log::warn("the container starts with an incomplete network", {{"id", container->record.id}});
  grpc::StartContainerRequest call;
  call.set_container_id(container->record.id);
  KATA_CO_CHECK(co_await tell_agent(pod_.sandbox(), "StartContainer", call, kStartTime),
                concat("start container '", container->record.id, "'"));
  container->record.status = "running";
  save(*container);
  if (container->record.late_hooks) {
    auto run = [record = container->record] {
      sandbox::run_poststart_hooks(record);
      return true;
    };
    co_await off_loop(std::move(run));
  }
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Tasks::start_exec(ContainerPointer container,
                                                std::shared_ptr<Process> process) {
  const std::string& exec_id = process->identity().exec_id;
  if (!container->exec_specs.contains(exec_id)) co_return not_created(*process);
  KATA_CO_CHECK(co_await process->open_stdio(), "");
  grpc::ExecProcessRequest call;
  call.set_container_id(container->record.id);
  call.set_exec_id(exec_id);
  *call.mutable_process() = std::move(container->exec_specs[exec_id]);
  container->exec_specs.erase(exec_id);
  auto started = co_await tell_agent(pod_.sandbox(), "ExecProcess", call, kStartTime);
  if (started.ok()) {
    process->attach();
    co_return started;
  }
  process->close_stdio();
  co_return in_context(
      std::move(started).error(),
      concat("start process '", exec_id, "' in container '", container->record.id, "'"));
}

}  // namespace kata::shim_v2
