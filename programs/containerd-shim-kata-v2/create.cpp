// SPDX-License-Identifier: Apache-2.0
//
// Create: all of a container, or nothing is left. The first one brings the pod's VM up.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <ctime>
#include <filesystem>
#include <utility>
#include <vector>

#include "containerd/events.pb.h"
#include "core/base/log.h"
#include "kata/concat.h"
#include "programs/containerd-shim-kata-v2/create_request.h"
#include "programs/containerd-shim-kata-v2/off_loop.h"
#include "programs/containerd-shim-kata-v2/plan_pod.h"
#include "programs/containerd-shim-kata-v2/rootfs_mount.h"
#include "programs/containerd-shim-kata-v2/runtime_options.h"
#include "programs/containerd-shim-kata-v2/standalone.h"
#include "programs/containerd-shim-kata-v2/tasks.h"
#include "sandbox.pb.h"
#include "sandbox/hooks.h"
#include "sandbox/oci_spec.h"
#include "sandbox/placement.h"
#include "sandbox/pod_network.h"

namespace kata::shim_v2 {

namespace asio = boost::asio;

namespace {

constexpr std::int64_t kOomWaitMs = 600'000;

containerd::events::TaskCreate create_event(const task::CreateTaskRequest& request,
                                            std::uint32_t pid) {
  containerd::events::TaskCreate event;
  event.set_container_id(request.id());
  event.set_bundle(request.bundle());
  *event.mutable_rootfs() = request.rootfs();
  event.mutable_io()->set_stdin(request.stdin());
  event.mutable_io()->set_stdout(request.stdout());
  event.mutable_io()->set_stderr(request.stderr());
  event.mutable_io()->set_terminal(request.terminal());
  event.set_pid(pid);
  return event;
}

}  // namespace

Tasks::Reply<task::CreateTaskResponse> Tasks::create(task::CreateTaskRequest request) {
  KATA_CO_CHECK(check_create_request(request), "");
  const auto container = std::make_shared<Container>(loop_);
  container->record.id = request.id();
  const bool added = containers_.try_emplace(request.id(), container).second;
  if (!added)
    co_return make_error(ErrorCode::kAlreadyExists,
                         concat("container '", request.id(), "' exists already"));
  auto made = co_await make(request, container);
  if (!made.ok()) co_await undo(container);
  container->created.set();
  if (!made.ok())
    co_return in_context(std::move(made).error(), concat("create container '", request.id(), "'"));
  container->init->attach();
  asio::co_spawn(loop_, watch_oom(request.id()), asio::detached);
  publish("/tasks/create", "TaskCreate", create_event(request, pid()));
  task::CreateTaskResponse response;
  response.set_pid(pid());
  co_return response;
}

asio::awaitable<Result<void>> Tasks::make(const task::CreateTaskRequest& request,
                                          ContainerPointer container) {
  grpc::Spec spec;
  KATA_CO_TRY(const sandbox::Bundle bundle, sandbox::load_bundle(request.bundle(), spec), "");
  for (const std::string& warning : bundle.warnings) log::warn(warning);
  spec.mutable_process()->set_terminal(request.terminal());
  sandbox::ContainerRecord& record = container->record;
  record = record_of(request, bundle, spec);
  KATA_CO_TRY(auto placement, sandbox::place_container(record.id, record.annotations), "");
  placement = placement_beside(std::move(placement), pod_.standalone());
  record.sandbox_id = placement.sandbox_id;
  KATA_CO_CHECK(check_placement(placement, pod_.has_sandbox() ? pod_.id() : ""), "");
  if (!placement.new_sandbox && !pod_.can_be_joined())
    co_return make_error(ErrorCode::kFailedPrecondition,
                         concat("sandbox '", record.sandbox_id,
                                "' is being brought up: create its containers after that"));
  KATA_CO_CHECK(pod_.store().reserve(record.id), "");
  container->reserved = true;
  KATA_CO_CHECK(pod_.store().save(record), "");
  if (placement.new_sandbox) {
    KATA_CO_CHECK(co_await bring_up_for(request, spec, bundle.directory, record.sandbox_id), "");
  } else {
    KATA_CO_CHECK(sandbox::check_same_network(spec, pod_.netns()), "");
  }
  if (const auto* const pod = pod_.standalone())
    give_to_container(pod_.store().directory(pod->id), pod->sysctls, spec);
  co_return co_await make_in_sandbox(request, std::move(spec), container);
}

asio::awaitable<Result<void>> Tasks::bring_up_for(const task::CreateTaskRequest& request,
                                                  const grpc::Spec& spec,
                                                  const std::filesystem::path& bundle,
                                                  const std::string& sandbox_id) {
  KATA_CO_TRY(const std::string path, config_path_of(request.options()), "");
  KATA_CO_TRY(sandbox::SandboxPlan plan, plan_pod(sandbox_id, spec, bundle, path), "");
  plan.record.bundle = bundle;
  KATA_CO_CHECK(pod_.store().save_at_birth(plan.record), "");
  co_return co_await pod_.bring_up(std::move(plan));
}

asio::awaitable<Result<void>> Tasks::make_in_sandbox(const task::CreateTaskRequest& request,
                                                     grpc::Spec spec, ContainerPointer container) {
  sandbox::ContainerRecord& record = container->record;
  ProcessIdentity identity{record.id, {}};
  container->init = new_process(std::move(identity), stdio_of(request));
  KATA_CO_CHECK(co_await container->init->open_stdio(), "");
  auto mount = [mounts = rootfs_of(request), rootfs = std::filesystem::path(record.rootfs)] {
    return mount_rootfs(mounts, rootfs);
  };
  container->bundle_mounted = request.rootfs_size() > 0;
  KATA_CO_CHECK(co_await pod_.on_plugin_thread(std::move(mount)), "");
  const grpc::Hooks hooks = spec.hooks();
  sandbox::ContainerRequest wanted{record.id, record.bundle, record.rootfs, std::move(spec)};
  KATA_CO_CHECK(co_await pod_.sandbox().create_container(std::move(wanted)), "");
  container->in_guest = true;
  record.shim = pod_.vmm();
  if (hooks.ByteSizeLong() != 0) {
    auto run = [hooks, record, netns = pod_.netns()] {
      return sandbox::run_create_hooks(hooks, record, netns, nullptr);
    };
    KATA_CO_CHECK(co_await off_loop(std::move(run)), "");
  }
  record.status = "created";
  co_return pod_.store().save(record);
}

// The mirror of make(). What goes wrong here is logged: the caller hears why the container could
// not be made.
asio::awaitable<void> Tasks::undo(ContainerPointer container) {
  const sandbox::ContainerRecord& record = container->record;
  const auto note = [](const Result<void>& step) {
    if (!step.ok()) log::warn("undoing a container", {{"error", step.error().message}});
  };
  const bool brought_up = is_pods_own(*container);
  if (container->in_guest && !brought_up) note(co_await pod_.sandbox().remove_container(record.id));
  if (container->init) container->init->abandon();
  if (brought_up) note(co_await pod_.take_down());
  if (container->bundle_mounted) note(unmount_rootfs(record.rootfs));
  if (container->reserved) note(pod_.store().remove(record.id));
  containers_.erase(record.id);
}

// The first caller makes the guest be asked; it ends with the container.
asio::awaitable<void> Tasks::watch_oom(std::string id) {
  std::uint64_t seen = 0;
  for (;;) {
    sandbox::WaitOomRequest request;
    request.set_container_id(id);
    request.set_seen(seen);
    request.set_timeout_ms(kOomWaitMs);
    const auto reply = co_await pod_.ooms().wait(std::move(request));
    if (!reply.ok() || !containers_.contains(id) || !pod_.sandbox().status().running) co_return;
    containerd::events::TaskOOM event;
    event.set_container_id(id);
    for (; seen < reply.value().count(); ++seen) publish("/tasks/oom", "TaskOOM", event);
  }
}

}  // namespace kata::shim_v2
