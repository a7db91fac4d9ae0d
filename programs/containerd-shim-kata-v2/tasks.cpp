// SPDX-License-Identifier: Apache-2.0
//
// The calls about what is there; create.cpp, start.cpp and remove.cpp have the rest.
#include "programs/containerd-shim-kata-v2/tasks.h"

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <csignal>
#include <utility>

#include "agent.pb.h"
#include "containerd/events.pb.h"
#include "core/base/log.h"
#include "kata/concat.h"
#include "programs/containerd-shim-kata-v2/agent_port.h"
#include "programs/containerd-shim-kata-v2/metrics.h"
#include "programs/containerd-shim-kata-v2/timestamp.h"
#include "sandbox/guest_spec.h"
#include "sandbox/oci_spec.h"

namespace kata::shim_v2 {

namespace asio = boost::asio;
namespace api = containerd::events;

namespace {

constexpr std::chrono::seconds kPauseTime{10}, kUpdateTime{10}, kStatsTime{10}, kUndoTime{5};

// Every process of a container is meant by no exec id, with SIGKILL only: that is Kata's wire. With
// other signals by "*", which Kata's agent does not know.
std::string exec_id_for(const Process& process, std::uint32_t signal, bool all) {
  if (!all) return process.name();
  return signal == SIGKILL ? "" : "*";
}

bool ends_a_process(std::uint32_t signal) { return signal == SIGKILL || signal == SIGTERM; }

Error already_finished(const Process& process) {
  return make_error(ErrorCode::kNotFound,
                    concat("process '", process.name(), "': process already finished"));
}

task::Status status_of(const Process& process, bool paused) {
  switch (process.status()) {
    case Process::Status::kCreated:
      return task::CREATED;
    case Process::Status::kRunning:
      return paused && process.identity().exec_id.empty() ? task::PAUSED : task::RUNNING;
    case Process::Status::kStopped:
      break;
  }
  return task::STOPPED;
}

}  // namespace

Tasks::Tasks(asio::any_io_executor loop, std::string container_namespace, Pod& pod,
             EventPublisher& events, Patience patience)
    : loop_(loop),
      namespace_(std::move(container_namespace)),
      pod_(pod),
      events_(events),
      patience_(patience),
      dismissed_(loop) {}

Result<Tasks::ContainerPointer> Tasks::find(const std::string& id) const {
  const auto found = containers_.find(id);
  if (found != containers_.end() && found->second->created.is_set()) return found->second;
  return make_error(ErrorCode::kNotFound, concat("container '", id, "' does not exist"));
}

Result<std::shared_ptr<Process>> Tasks::find_process(const std::string& id,
                                                     const std::string& exec_id) const {
  const ContainerPointer container = KATA_TRY(find(id), "");
  if (exec_id.empty()) return container->init;
  const auto found = container->execs.find(exec_id);
  if (found != container->execs.end()) return found->second;
  return make_error(ErrorCode::kNotFound,
                    concat("container '", id, "' has no process '", exec_id, "'"));
}

std::shared_ptr<Process> Tasks::new_process(ProcessIdentity identity, StdioRequest stdio) {
  stdio.container_id = identity.container_id;
  stdio.container_namespace = namespace_;
  return std::make_shared<Process>(
      loop_, pod_.sandbox(), std::move(identity), std::move(stdio),
      [this](const Process& process) { on_exit(process); }, patience_);
}

bool Tasks::is_pods_own(const Container& container) const {
  return pod_.has_sandbox() && pod_.standalone() == nullptr && container.record.id == pod_.id();
}

// The end is told first: what the tear-down of a VM takes is not to delay it.
void Tasks::on_exit(const Process& process) {
  api::TaskExit event;
  event.set_container_id(process.identity().container_id);
  event.set_id(process.name());
  event.set_pid(pid());
  event.set_exit_status(process.exit()->code);
  *event.mutable_exited_at() = process.exit()->time;
  publish("/tasks/exit", "TaskExit", event);
  const auto found = containers_.find(process.identity().container_id);
  if (found == containers_.end() || !process.identity().exec_id.empty()) return;
  Container& container = *found->second;
  container.record.status = "stopped";
  container.record.paused = false;
  if (!container.leaving) save(container);
  if (!is_pods_own(container)) return;
  auto take_down = [](Pod& pod) -> asio::awaitable<void> {
    const auto down = co_await pod.take_down();
    if (!down.ok()) log::error("the sandbox is not down", {{"error", down.error().message}});
  };
  asio::co_spawn(loop_, take_down(pod_), asio::detached);
}

// For other programs to look at; the shim goes on without.
void Tasks::save(const Container& container) const {
  if (!container.reserved) return;
  const auto saved = pod_.store().save(container.record);
  if (!saved.ok()) log::warn("write a container's record", {{"error", saved.error().message}});
}

Tasks::Reply<task::StateResponse> Tasks::state(task::StateRequest request) {
  KATA_CO_TRY(const ContainerPointer container, find(request.id()), "");
  KATA_CO_TRY(const auto process, find_process(request.id(), request.exec_id()), "");
  task::StateResponse response;
  response.set_id(process->name());
  response.set_exec_id(request.exec_id());
  response.set_bundle(container->record.bundle);
  response.set_pid(pid());
  response.set_status(status_of(*process, container->record.paused));
  response.set_stdin(process->stdio().in);
  response.set_stdout(process->stdio().out);
  response.set_stderr(process->stdio().err);
  response.set_terminal(process->stdio().terminal);
  *response.mutable_exited_at() = process->exit() ? process->exit()->time : never();
  if (process->exit()) response.set_exit_status(process->exit()->code);
  co_return response;
}

// The host has one process for all that runs in the VM.
Tasks::Reply<task::PidsResponse> Tasks::pids(task::PidsRequest request) {
  KATA_CO_TRY(const auto process, find_process(request.id(), {}), "");
  task::PidsResponse response;
  if (!process->exit()) response.add_processes()->set_pid(pid());
  co_return response;
}

Tasks::Reply<task::ConnectResponse> Tasks::connect(task::ConnectRequest) {
  task::ConnectResponse response;
  response.set_shim_pid(static_cast<std::uint32_t>(::getpid()));
  response.set_task_pid(pid());
  response.set_version(KATA_VERSION);
  co_return response;
}

Tasks::Reply<task::WaitResponse> Tasks::wait(task::WaitRequest request) {
  KATA_CO_TRY(const auto process, find_process(request.id(), request.exec_id()), "");
  co_await process->finished();
  task::WaitResponse response;
  response.set_exit_status(process->exit()->code);
  *response.mutable_exited_at() = process->exit()->time;
  co_return response;
}

// To end what has ended is no mistake: kubelet and CRI do so to make sure.
Tasks::Reply<Tasks::Empty> Tasks::kill(task::KillRequest request) {
  KATA_CO_TRY(const auto process, find_process(request.id(), request.exec_id()), "");
  const bool finished = process->exit().has_value();
  if (finished && ends_a_process(request.signal())) co_return Empty();
  if (finished) co_return already_finished(*process);
  grpc::SignalProcessRequest signal;
  signal.set_container_id(request.id());
  signal.set_exec_id(exec_id_for(*process, request.signal(), request.all()));
  signal.set_signal(request.signal());
  auto sent = co_await tell_agent(pod_.sandbox(), "SignalProcess", signal, patience_.kill);
  if (request.signal() == SIGKILL && process->is_attached() && process->first_to_see_to_its_end())
    asio::co_spawn(loop_, see_to_its_end(process), asio::detached);
  if (sent.ok()) co_return Empty();
  const bool gone = process->exit() || sent.error().code == ErrorCode::kNotFound ||
                    sent.error().code == ErrorCode::kUnavailable;
  if (gone && ends_a_process(request.signal())) co_return Empty();
  if (request.signal() == SIGKILL && sent.error().code == ErrorCode::kTimeout) {
    log::error("the guest does not answer: its VM is killed", {{"error", sent.error().message}});
    KATA_CO_CHECK(co_await pod_.sandbox().shutdown(std::chrono::milliseconds{0}), "kill the VM");
    co_return Empty();
  }
  co_return in_context(std::move(sent).error(),
                       concat("send signal ", request.signal(), " to '", process->name(), "'"));
}

// Whatever the guest says to SIGKILL: a pod that it could keep would never end.
asio::awaitable<void> Tasks::see_to_its_end(std::shared_ptr<Process> process) {
  const Deadline deadline = std::chrono::steady_clock::now() + patience_.end;
  const bool ended = co_await process->ends_by(deadline);
  if (ended) co_return;
  if (!process->identity().exec_id.empty()) {
    log::error("the guest does not end a killed process: it is given up",
               {{"container", process->identity().container_id}, {"process", process->name()}});
    process->give_up();
    co_return;
  }
  log::error("the guest does not end a killed container: its VM is killed",
             {{"container", process->name()}});
  const auto down = co_await pod_.sandbox().shutdown(std::chrono::milliseconds{0});
  if (!down.ok()) log::error("the sandbox is not down", {{"error", down.error().message}});
}

Tasks::Reply<Tasks::Empty> Tasks::exec(task::ExecProcessRequest request) {
  KATA_CO_TRY(const ContainerPointer container, find(request.id()), "");
  KATA_CO_CHECK(sandbox::check_id(request.exec_id()), "exec id");
  if (container->init->exit())
    co_return make_error(ErrorCode::kFailedPrecondition,
                         concat("container '", request.id(), "' has stopped"));
  if (request.exec_id() == request.id() || container->execs.contains(request.exec_id()))
    co_return make_error(ErrorCode::kAlreadyExists,
                         concat("process '", request.exec_id(), "' exists already"));
  grpc::Process spec;
  KATA_CO_CHECK(sandbox::parse_process(request.spec().value(), "the exec's spec", spec), "");
  spec.set_terminal(request.terminal());
  spec.clear_selinuxlabel();
  spec.clear_apparmorprofile();
  StdioRequest stdio;
  stdio.terminal = request.terminal();
  stdio.in = request.stdin();
  stdio.out = request.stdout();
  stdio.err = request.stderr();
  ProcessIdentity identity{request.id(), request.exec_id()};
  container->execs[request.exec_id()] = new_process(std::move(identity), std::move(stdio));
  container->exec_specs[request.exec_id()] = std::move(spec);
  api::TaskExecAdded event;
  event.set_container_id(request.id());
  event.set_exec_id(request.exec_id());
  publish("/tasks/exec-added", "TaskExecAdded", event);
  co_return Empty();
}

Tasks::Reply<Tasks::Empty> Tasks::resize(task::ResizePtyRequest request) {
  KATA_CO_TRY(const auto process, find_process(request.id(), request.exec_id()), "");
  if (process->exit()) co_return already_finished(*process);
  KATA_CO_CHECK(co_await process->resize(request.height(), request.width()), "resize the terminal");
  co_return Empty();
}

Tasks::Reply<Tasks::Empty> Tasks::close_io(task::CloseIORequest request) {
  KATA_CO_TRY(const auto process, find_process(request.id(), request.exec_id()), "");
  if (request.stdin()) process->close_stdin();
  co_return Empty();
}

Tasks::Reply<Tasks::Empty> Tasks::pause(task::PauseRequest request) {
  KATA_CO_TRY(const ContainerPointer container, find(request.id()), "");
  if (container->init->status() != Process::Status::kRunning || container->record.paused)
    co_return make_error(ErrorCode::kFailedPrecondition,
                         concat("container '", request.id(), "' does not run"));
  grpc::PauseContainerRequest call;
  call.set_container_id(request.id());
  KATA_CO_CHECK(co_await tell_agent(pod_.sandbox(), "PauseContainer", call, kPauseTime),
                concat("pause container '", request.id(), "'"));
  container->record.paused = true;
  save(*container);
  api::TaskPaused event;
  event.set_container_id(request.id());
  publish("/tasks/paused", "TaskPaused", event);
  co_return Empty();
}

Tasks::Reply<Tasks::Empty> Tasks::resume(task::ResumeRequest request) {
  KATA_CO_TRY(const ContainerPointer container, find(request.id()), "");
  if (!container->record.paused)
    co_return make_error(ErrorCode::kFailedPrecondition,
                         concat("container '", request.id(), "' is not paused"));
  grpc::ResumeContainerRequest call;
  call.set_container_id(request.id());
  KATA_CO_CHECK(co_await tell_agent(pod_.sandbox(), "ResumeContainer", call, kPauseTime),
                concat("resume container '", request.id(), "'"));
  container->record.paused = false;
  save(*container);
  api::TaskResumed event;
  event.set_container_id(request.id());
  publish("/tasks/resumed", "TaskResumed", event);
  co_return Empty();
}

Tasks::Reply<Tasks::Empty> Tasks::update(task::UpdateTaskRequest request) {
  KATA_CO_TRY(const auto process, find_process(request.id(), {}), "");
  if (process->exit()) co_return already_finished(*process);
  grpc::UpdateContainerRequest call;
  call.set_container_id(request.id());
  std::vector<std::string> warnings;
  KATA_CO_CHECK(sandbox::parse_resources(request.resources().value(), "the new resources",
                                         *call.mutable_resources(), &warnings),
                "");
  for (const std::string& warning : warnings) log::warn(warning);
  sandbox::resources_for_guest(*call.mutable_resources());
  if (call.resources().ByteSizeLong() == 0) co_return Empty();
  KATA_CO_CHECK(co_await tell_agent(pod_.sandbox(), "UpdateContainer", call, kUpdateTime),
                concat("update container '", request.id(), "'"));
  co_return Empty();
}

Tasks::Reply<task::StatsResponse> Tasks::stats(task::StatsRequest request) {
  KATA_CO_TRY(const auto process, find_process(request.id(), {}), "");
  if (process->exit()) co_return already_finished(*process);
  grpc::StatsContainerRequest call;
  call.set_container_id(request.id());
  KATA_CO_TRY(const auto stats,
              co_await ask_agent<grpc::StatsContainerResponse>(pod_.sandbox(), "StatsContainer",
                                                               call, kStatsTime),
              concat("statistics of container '", request.id(), "'"));
  task::StatsResponse response;
  *response.mutable_stats() = metrics_of(stats);
  co_return response;
}

// While others are in the pod, or the sandbox stands alone, containerd only means the container
// that it has deleted.
Tasks::Reply<Tasks::Empty> Tasks::shut_down(task::ShutdownRequest request) {
  const bool needed = !containers_.empty() || pod_.standalone() != nullptr;
  if (needed && !request.now()) co_return Empty();
  KATA_CO_CHECK(co_await pod_.take_down(), "");
  const Deadline undone_by = std::chrono::steady_clock::now() + kUndoTime;
  const auto containers = containers_;  // some may be going
  for (const auto& [id, container] : containers) {
    const bool settled = co_await container->created.wait_until(undone_by);
    if (!settled) log::warn("a container is still being undone", {{"id", id}});
  }
  dismissed_.set();
  co_return Empty();
}

}  // namespace kata::shim_v2
