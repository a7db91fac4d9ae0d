// SPDX-License-Identifier: Apache-2.0
#include "agent/sandbox.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <filesystem>

#include "agent.pb.h"
#include "agent/container/cgroup.h"
#include "agent/guest_hooks.h"
#include "agent/process_signals.h"
#include "core/base/resident_memory.h"
#include "agent/resolv_conf.h"
#include "core/base/log.h"
#include "kata/concat.h"

namespace asio = boost::asio;

namespace kata::agent {
namespace {

constexpr std::chrono::milliseconds kRetry{10};  // while a killed container's processes go
constexpr std::uint32_t kDestroyTimeout = 10;    // seconds, for each container

// An exec id that Kata's hosts never use: theirs mean the init process by none, but for SIGKILL.
constexpr std::string_view kEveryProcess = "*";

Error no_container() { return make_error(ErrorCode::kInternal, "Invalid container id"); }

Result<void> make_directory(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return errno_error(concat("make directory '", path, "'"), error.value());
  return {};
}

std::string joined(const auto& words) {
  std::string out;
  for (const std::string& word : words) {
    if (!out.empty()) out += ' ';
    out += word;
  }
  return out;
}

Result<UserNames> user_names(const grpc::StringUser& user) {
  UserNames names{user.uid(), user.gid(), {}};
  names.more_groups.assign(user.additionalgids().begin(), user.additionalgids().end());
  if (names.user.empty() && !(names.group.empty() && names.more_groups.empty()))
    return make_error(ErrorCode::kInvalidArgument,
                      "string_user.uid: is needed for the groups of string_user");
  return names;
}

// cgroupsPath as Kata reads it: the colons of systemd's form become directories.
std::filesystem::path cgroup_path(const grpc::Spec& spec, const std::string& id) {
  std::string path = spec.linux().cgroupspath();
  if (path.empty()) return "/" + id;
  std::ranges::replace(path, ':', '/');
  return std::filesystem::path("/" + path).lexically_normal();
}

StorageSupport storage_support(ModuleLoader& modules, WatchedMounts& watched,
                               const AgentConfig& config) {
  StorageSupport support;
  support.load_module = [&modules](std::string_view name) { return modules.load(name); };
  support.watch = [&watched](const std::string& source, const std::string& mount_point) {
    return watched.watch(source, mount_point);
  };
  support.unwatch = [&watched](const std::string& mount_point) { watched.unwatch(mount_point); };
  support.scratch = config.run_dir / "scratch";
  return support;
}

}  // namespace

Sandbox::Sandbox(asio::any_io_executor executor, const AgentConfig& config, bool is_init,
                 ModuleLoader& modules, Signals& signals)
    : executor_(std::move(executor)),
      config_(config),
      is_init_(is_init),
      modules_(modules),
      signals_(signals),
      devices_([&modules](std::string_view name) { return modules.load(name); },
               config.hotplug_timeout),
      watched_(executor_, config.run_dir / "shared/containers"),
      storages_(storage_support(modules, watched_, config)),
      oom_watch_(executor_) {}

Result<void> Sandbox::make(const grpc::CreateSandboxRequest& request) {
  KATA_TRY(make_directory(config_.run_dir), "");
  for (const auto& module : request.kernel_modules())
    KATA_TRY(modules_.load(module.name(), joined(module.parameters())), "");
  auto namespaces = KATA_TRY(SharedNamespaces::make(request.hostname()), "");
  for (const auto& storage : request.storages()) {
    if (auto added = storages_.add(storage); !added.ok()) {
      (void)storages_.remove_all();  // the first error is the one to tell
      return in_context(std::move(added).error(), concat("storage '", storage.mount_point(), "'"));
    }
  }
  guest_hooks_.Clear();
  if (!request.guest_hook_path().empty())
    guest_hooks_ = find_guest_hooks(request.guest_hook_path());
  if (is_init_ && !request.dns().empty()) KATA_TRY(write_resolv_conf(request.dns()), "");
  namespaces_ = std::move(namespaces);
  log::debug("sandbox is ready", {{"sandbox", request.sandbox_id()}});
  release_setup_pages();
  return {};
}

asio::awaitable<void> Sandbox::destroy() {
  oom_watch_.stop();
  for (const std::string& id : containers_.ids()) {
    const auto removed = co_await remove_container(id, kDestroyTimeout);
    if (!removed.ok())
      log::warn("cannot remove a container", {{"id", id}, {"error", removed.error().message}});
  }
  if (const auto removed = storages_.remove_all(); !removed.ok())
    log::warn("cannot release the storages", {{"error", removed.error().message}});
  watched_.clear();
  namespaces_.reset();
  ::rmdir(config_.run_dir.c_str());  // stays when something of others is in it
}

Result<SandboxNamespaces> Sandbox::container_namespaces(const grpc::Spec& spec,
                                                        bool share_pid) const {
  if (share_pid && !namespaces_->has_pid() && !containers_.empty())
    return make_error(ErrorCode::kInternal, "Sandbox does not have sandbox_pidns");
  return namespaces_->for_spec(spec, share_pid && namespaces_->has_pid());
}

Result<void> Sandbox::make_container(grpc::CreateContainerRequest request, PciAddresses addresses) {
  const std::string& id = request.container_id();
  StorageReferences storages(storages_);
  for (const auto& storage : request.storages())
    KATA_TRY(storages.add(storage), concat("storage '", storage.mount_point(), "'"));
  Bundle bundle = KATA_TRY(Bundle::make(config_.run_dir, id, request.oci().root().path()), "");
  if (!namespaces_->has_mount_seed()) KATA_TRY(namespaces_->make_mount_seed(bundle.path()), "");
  auto container = std::make_unique<Container>(id, std::move(storages), std::move(bundle));
  grpc::Spec& spec = *request.mutable_oci();
  if (guest_hooks_.ByteSizeLong() != 0) spec.mutable_hooks()->MergeFrom(guest_hooks_);
  const SandboxNamespaces namespaces =
      KATA_TRY(container_namespaces(spec, request.sandbox_pidns()), "");
  container->pci_addresses = std::move(addresses);
  UserNames user = KATA_TRY(user_names(request.string_user()), "");
  KATA_TRY(launch(*container, spec, namespaces, std::move(user)),
           concat("create container '", id, "'"));
  containers_.insert(std::move(container));
  return {};
}

Result<void> Sandbox::launch(Container& container, grpc::Spec& spec,
                             const SandboxNamespaces& namespaces, UserNames user) {
  rewrite_namespaces(spec, namespaces);
  spec.mutable_root()->set_path(container.bundle.rootfs());
  KATA_TRY(container.spec.set(spec), "");
  container.paths = {container.bundle.path(), cgroup_path(spec, container.id)};
  StdioPair stdio = KATA_TRY(make_stdio(spec.process()), "stdio");
  LaunchedInit launched = KATA_TRY(launch_init(spec, container.id, container.paths, namespaces,
                                               std::move(stdio.process), std::move(user)),
                                   "");
  if (launched.terminal)
    KATA_TRY(use_terminal(stdio.agent, std::move(launched.terminal)), "terminal");
  container.init = watch(launched.pid, std::move(stdio.agent));
  container.start_gate = std::move(launched.start_gate);
  if (namespaces_->has_pid()) return {};
  if (const auto kept = namespaces_->keep_pid_namespace(launched.pid); !kept.ok())
    log::warn("containers cannot share a pid namespace", {{"error", kept.error().message}});
  return {};
}

Result<StdioPair> Sandbox::make_stdio(const grpc::Process& process) const {
  if (!process.terminal()) return make_pipes(config_.container_pipe_size);
  return make_terminal(process.consolesize().height(), process.consolesize().width());
}

std::shared_ptr<Process> Sandbox::watch(pid_t pid, AgentStdio stdio) {
  auto process = std::make_shared<Process>(executor_, pid, std::move(stdio));
  signals_.watch(process);
  return process;
}

asio::awaitable<Result<void>> Sandbox::start_container(std::string id) {
  KATA_CO_CHECK(open_start_gate(id), "");
  const Container& container = *containers_.find(id);
  KATA_CO_TRY(ContainerHooks hooks, plan_hooks(container.spec.get().hooks()), "");
  std::string state =
      hook_state(id, "running", container.init->pid(), container.paths.bundle.native());
  co_await run_late_hooks(signals_, std::move(hooks.poststart), "poststart", std::move(state));
  co_return Result<void>();
}

Result<void> Sandbox::open_start_gate(const std::string& id) {
  Container* container = containers_.find(id);
  if (container == nullptr) return no_container();
  if (!container->start_gate)
    return make_error(ErrorCode::kFailedPrecondition,
                      concat("container '", id, "' was started already"));
  if (auto watched = watch_memory(*container); !watched.ok())
    log::warn("a lack of memory will not be told", {{"error", watched.error().message}});
  const UniqueFd gate = std::move(container->start_gate);
  const char go = 1;
  if (::write(gate.get(), &go, 1) != 1)
    return errno_error(concat("start container '", id, "'"), errno);
  release_setup_pages();
  return {};
}

Result<void> Sandbox::watch_memory(const Container& container) {
  const auto cgroup = KATA_TRY(open_cgroup(container.paths.cgroup), "");
  return oom_watch_.add(container.id, *cgroup);
}

// A process that joins a frozen cgroup stands still before its program runs, and the agent with it.
Result<void> Sandbox::refuse_paused(const Container& container) {
  const auto cgroup = KATA_TRY(open_cgroup(container.paths.cgroup), "");
  const auto frozen = cgroup->frozen();
  if (!frozen.ok() || !frozen.value()) return {};
  return make_error(ErrorCode::kFailedPrecondition,
                    concat("container '", container.id, "' is paused: resume it first"));
}

Result<void> Sandbox::exec(const grpc::ExecProcessRequest& request) {
  Container* container = containers_.find(request.container_id());
  if (container == nullptr) return no_container();
  if (!request.has_process())
    return make_error(ErrorCode::kInvalidArgument, "the request has no process");
  const std::string& exec_id = request.exec_id();
  const auto known = container->execs.find(exec_id);
  if (exec_id.empty() || exec_id == container->id ||
      (known != container->execs.end() && !known->second->collected()))
    return make_error(ErrorCode::kInternal, concat("exec_id '", exec_id, "' already exists"));
  if (container->init->status())
    return make_error(ErrorCode::kFailedPrecondition,
                      concat("container '", container->id, "' has stopped"));
  KATA_TRY(refuse_paused(*container), "");
  grpc::Process process = request.process();
  translate_pci_addresses(process, container->pci_addresses);
  UserNames user = KATA_TRY(user_names(request.string_user()), "");
  StdioPair stdio = KATA_TRY(make_stdio(process), "stdio");
  UniqueFd terminal;
  const pid_t pid =
      KATA_TRY(launch_exec(process, container->spec.get(), container->paths, container->init->pid(),
                           std::move(stdio.process), &terminal, std::move(user)),
               concat("exec in container '", container->id, "'"));
  if (terminal) KATA_TRY(use_terminal(stdio.agent, std::move(terminal)), "terminal");
  container->execs.insert_or_assign(exec_id, watch(pid, std::move(stdio.agent)));
  return {};
}

Result<void> Sandbox::signal(const std::string& id, const std::string& exec_id, int number) {
  if (number < 0 || number > SIGRTMAX)
    return make_error(ErrorCode::kInvalidArgument, concat("no signal has number ", number));
  Container* container = containers_.find(id);
  if ((exec_id.empty() && number == SIGKILL) || exec_id == kEveryProcess) {
    if (container == nullptr)
      return make_error(ErrorCode::kInternal, concat("Invalid container id ", id));
    return signal_all(container->paths, number);
  }
  const auto process = KATA_TRY(containers_.find_process(id, exec_id), "");
  if (process->status()) return {};
  const bool is_init = process == container->init;
  return signal_process(process->pid(), is_init ? signal_for_init(process->pid(), number) : number);
}

asio::awaitable<Result<int>> Sandbox::wait(std::string id, std::string exec_id) {
  KATA_CO_TRY(const auto process, containers_.find_process(id, exec_id), "");
  KATA_CO_TRY(const int status, co_await process->wait(), "");
  process->collect();
  containers_.tidy(id, exec_id);
  co_return status;
}

asio::awaitable<Result<void>> Sandbox::remove_container(std::string id, std::uint32_t timeout_s) {
  if (containers_.find(id) == nullptr) co_return no_container();
  const Deadline deadline =
      timeout_s == 0 ? Deadline::max()
                     : std::chrono::steady_clock::now() + std::chrono::seconds(timeout_s);
  KATA_CO_CHECK(co_await end_processes(id, deadline), concat("remove container '", id, "'"));
  ContainerHooks hooks;
  std::string state;
  if (const Container* container = containers_.find(id)) {  // not when another call was faster
    KATA_CO_TRY(hooks, plan_hooks(container->spec.get().hooks()), "");
    state = hook_state(id, "stopped", 0, container->paths.bundle.native());
  }
  containers_.erase(id);
  oom_watch_.remove(id);
  co_await run_late_hooks(signals_, std::move(hooks.poststop), "poststop", std::move(state));
  co_return Result<void>();
}

// Each attempt is immediate, so that other calls go on while a process is slow to die. The
// container is looked up again each time: another call may have removed it.
asio::awaitable<Result<void>> Sandbox::end_processes(std::string id, Deadline deadline) {
  asio::steady_timer retry(executor_);
  bool destroyed = false;
  for (;;) {
    Container* container = containers_.find(id);
    if (container == nullptr) co_return Result<void>();
    container->start_gate.reset();
    const auto now = std::chrono::steady_clock::now();
    if (!container->init->status()) (void)signal_process(container->init->pid(), SIGKILL);
    Result<void> attempt;
    if (!destroyed) attempt = destroy_container(container->paths, now);
    destroyed = attempt.ok();
    if (destroyed && container->init->status()) co_return Result<void>();
    if (now >= deadline && !destroyed) co_return std::move(attempt).error();
    if (now >= deadline)
      co_return make_error(ErrorCode::kTimeout, "ETIME: the init process does not end");
    retry.expires_after(kRetry);
    co_await retry.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

}  // namespace kata::agent
