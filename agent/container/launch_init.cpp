// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "agent/container/cgroup.h"
#include "agent/container/child.h"
#include "agent/container/container_plan.h"
#include "agent/container/launch.h"
#include "agent/container/mount_seed.h"
#include "agent/container/mount_tree.h"
#include "agent/container/namespaces.h"
#include "agent/container/privileges.h"
#include "agent/container/program.h"
#include "agent/container/rootfs.h"
#include "agent/container/sources.h"
#include "core/base/log.h"
#include "kata/beneath.h"
#include "kata/concat.h"
#include "oci.pb.h"

namespace kata::agent {
namespace {

constexpr std::chrono::seconds kCleanUp{2};

class InitLauncher {
 public:
  InitLauncher(ContainerPlan plan, std::string id, const ContainerPaths& paths,
               const std::filesystem::path& seed, Cgroup& cgroup)
      : plan_(std::move(plan)), id_(std::move(id)), paths_(paths), seed_(seed), cgroup_(cgroup) {}

  Result<LaunchedInit> launch(ProcessStdio stdio);

 private:
  Result<pid_t> start(ProcessStdio& stdio);
  Result<void> finish(pid_t pid);
  [[noreturn]] void run_child(ProcessStdio& stdio);
  Result<std::string> become_init(ProcessStdio& stdio);
  Result<void> run_prestart_hooks(pid_t pid);
  Result<void> run_create_hooks();
  Result<void> settle_namespaces();
  Result<void> write_sysctls();

  bool starts_from_seed() const;
  Result<UniqueFd> make_root();
  Result<void> run_start_hooks() const;
  Result<void> open_message_queues();
  Result<void> open_id_mapped();

  ContainerPlan plan_;
  std::string id_;
  const ContainerPaths& paths_;
  const std::filesystem::path& seed_;  // a mount namespace
  Cgroup& cgroup_;
  UniqueFd terminal_{};  // in the child and in the agent
  Pipe status_{}, gate_{};
};

Result<LaunchedInit> InitLauncher::launch(ProcessStdio stdio) {
  status_ = KATA_TRY(make_status(), "");
  gate_ = KATA_TRY(make_pipe(), "");
  const pid_t pid = KATA_TRY(start(stdio), "");
  status_.write.reset();
  gate_.read.reset();
  if (auto finished = finish(pid); !finished.ok()) {
    discard_child(pid);
    return std::move(finished).error();
  }
  LaunchedInit init;
  init.pid = pid;
  init.start_gate = std::move(gate_.write);
  init.terminal = std::move(terminal_);
  return init;
}

Result<pid_t> InitLauncher::start(ProcessStdio& stdio) {
  KATA_TRY(open_id_mapped(), "");
  const auto joined = KATA_TRY(open_namespaces(plan_.joined), "");
  NamespaceVisit visit;
  KATA_TRY(visit.enter(joined), "");
  KATA_TRY(open_message_queues(), "");
  if (plan_.has_new(kNewTime)) KATA_TRY(visit.make_time(plan_.time_offsets), "linux.timeOffsets");
  // The cgroup namespace is made later: its root is where the process is then.
  std::uint64_t flags = plan_.new_namespaces & ~(std::uint64_t{CLONE_NEWCGROUP} | kNewTime);
  if (starts_from_seed()) flags &= ~std::uint64_t{CLONE_NEWNS};
  const pid_t pid = KATA_TRY(clone_child(flags), "");
  if (pid != 0) return pid;
  visit.forget();
  run_child(stdio);
}

// Only the agent may map ids: a container's user namespace does not own the filesystems.
Result<void> InitLauncher::open_id_mapped() {
  for (MountPlan& mount : plan_.mounts) {
    if (!mount.options.id_map) continue;
    mount.tree =
        KATA_TRY(clone_with_id_map(mount.source, mount.options.rbind, *mount.options.id_map),
                 concat("mount '", mount.destination, "'"));
  }
  return {};
}

// The queues of a joined ipc namespace belong to that one's user namespace, so they are mounted
// here, inside the one and outside the container's other.
Result<void> InitLauncher::open_message_queues() {
  const bool wanted = std::any_of(plan_.mounts.begin(), plan_.mounts.end(),
                                  [](const MountPlan& mount) { return mount.type == "mqueue"; });
  if (!wanted || !plan_.has_new(CLONE_NEWUSER) || plan_.has_new(CLONE_NEWIPC)) return {};
  plan_.message_queues = KATA_TRY(new_filesystem("mqueue", "mqueue", {}), "");
  return {};
}

Result<void> InitLauncher::finish(pid_t pid) {
  KATA_TRY(write_id_maps(plan_, pid), "");
  KATA_TRY(cgroup_.add(pid), "join the cgroup");
  KATA_TRY(set_oom_score(plan_.process, pid), "");
  if (plan_.has_new(CLONE_NEWUSER)) KATA_TRY(set_rlimits(plan_.process, pid), "");
  KATA_TRY(release(gate_.write.get()), "");
  auto state = KATA_TRY(read_report(status_.read.get(), &terminal_), "");
  if (state == ChildState::kBuilt) {
    KATA_TRY(run_prestart_hooks(pid), "");
    state = KATA_TRY(read_report(status_.read.get(), &terminal_), "");
  }
  if (state == ChildState::kReady) return {};
  return make_error(ErrorCode::kResourceExhausted,
                    "the container's first process was killed while it was being set up; is "
                    "linux.resources.memory.limit too small?");
}

// With the container's namespaces and mounts there, named by its process.
Result<void> InitLauncher::run_prestart_hooks(pid_t pid) {
  KATA_TRY(run_hooks_outside(plan_.hooks.prestart, "prestart",
                             hook_state(id_, "creating", pid, paths_.bundle.native())),
           "");
  return release(gate_.write.get());
}

// In the child, after the agent has run the prestart hooks.
Result<void> InitLauncher::run_create_hooks() {
  if (!plan_.hooks.prestart.empty()) {
    report_built(status_.write.get());
    if (!wait_for_release(gate_.read.get())) ::_exit(1);
  }
  return run_hooks(plan_.hooks.create, "createContainer",
                   hook_state(id_, "creating", ::getpid(), paths_.bundle.native()));
}

void InitLauncher::run_child(ProcessStdio& stdio) {
  const auto program = become_init(stdio);
  if (!program.ok()) {
    report_failure(status_.write.get(), program.error());
    ::_exit(1);
  }
  report_ready(status_.write.get(), terminal_.get());
  terminal_.reset();
  status_.write.reset();
  if (!wait_for_release(gate_.read.get())) ::_exit(1);
  gate_.read.reset();
  auto ready = run_start_hooks();
  if (ready.ok()) ready = load_late_seccomp(plan_.process);
  if (!ready.ok()) {
    const std::string line = ready.error().message + '\n';
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
    ::_exit(126);
  }
  ::_exit(execute(plan_.process, program.value()));
}

Result<std::string> InitLauncher::become_init(ProcessStdio& stdio) {
  std::vector<UniqueFd*> keep = {&status_.write, &gate_.read};
  if (plan_.message_queues) keep.push_back(&plan_.message_queues);
  for (MountPlan& mount : plan_.mounts)
    if (mount.tree) keep.push_back(&mount.tree);
  KATA_TRY(isolate_child(stdio, keep), "");
  if (!wait_for_release(gate_.read.get())) ::_exit(1);
  KATA_TRY(settle_namespaces(), "");
  UniqueFd root = KATA_TRY(make_root(), "");
  plan_.mounts.clear();
  KATA_TRY(write_sysctls(), "linux.sysctl");
  KATA_TRY(run_create_hooks(), "");
  KATA_TRY(enter_rootfs(root.get()), "enter the rootfs");
  KATA_TRY(set_propagation(root.get(), plan_.root_propagation), "linux.rootfsPropagation");
  root.reset();
  return prepare_process(plan_.process, !plan_.has_new(CLONE_NEWUSER));
}

// Hooks that run outside the container look for their programs and files in its mount namespace,
// and a user namespace owns no mount of the agent's.
bool InitLauncher::starts_from_seed() const {
  return !seed_.empty() && !plan_.has_new(CLONE_NEWUSER) && plan_.hooks.prestart.empty() &&
         plan_.hooks.create.empty();
}

// In the agent's mount namespace, when a seed is to be copied, else in a copy of it.
Result<UniqueFd> InitLauncher::make_root() {
  const bool seeded = starts_from_seed();
  if (!seeded && ::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0)
    return errno_error("keep mounts from leaving the namespace", errno);
  auto sources = KATA_TRY(open_sources(plan_, cgroup_), "");
  if (seeded) KATA_TRY(copy_mount_namespace(seed_), "");
  const std::filesystem::path place = seeded ? kSeedRootfs : paths_.bundle / "rootfs";
  return build_rootfs(plan_, std::move(sources), place, cgroup_, terminal_);
}

Result<void> InitLauncher::run_start_hooks() const {
  if (plan_.hooks.start.empty()) return {};
  return run_hooks(plan_.hooks.start, "startContainer",
                   hook_state(id_, "created", ::getpid(), paths_.bundle.native()));
}

Result<void> InitLauncher::settle_namespaces() {
  if (plan_.has_new(CLONE_NEWUSER) && (::setresgid(0, 0, 0) != 0 || ::setresuid(0, 0, 0) != 0))
    return errno_error("become root of the user namespace: is container id 0 mapped?", errno);
  if (plan_.has_new(CLONE_NEWCGROUP) && ::unshare(CLONE_NEWCGROUP) != 0)
    return errno_error("make a cgroup namespace", errno);
  if (plan_.has_new(CLONE_NEWNET)) KATA_TRY(bring_loopback_up(), "");
  if (!plan_.hostname.empty() && ::sethostname(plan_.hostname.data(), plan_.hostname.size()) != 0)
    return errno_error(concat("set hostname '", plan_.hostname, "'"), errno);
  const std::string& domain = plan_.domainname;
  if (!domain.empty() && ::setdomainname(domain.data(), domain.size()) != 0)
    return errno_error(concat("set domainname '", domain, "'"), errno);
  return {};
}

// Through a procfs of our own: the rootfs' /proc may be anything.
Result<void> InitLauncher::write_sysctls() {
  if (plan_.sysctls.empty()) return {};
  const UniqueFd proc = KATA_TRY(new_filesystem("proc", "proc", {}), "");
  for (const Sysctl& setting : plan_.sysctls) {
    auto file = open_beneath(proc.get(), concat("sys/", setting.file), O_WRONLY);
    if (!file.ok() && file.error().sys_errno == ENOENT) {
      log::warn("linux.sysctl: this kernel has no such setting", {{"name", setting.file}});
      continue;
    }
    const UniqueFd fd = KATA_TRY(std::move(file), "");
    if (::write(fd.get(), setting.value.data(), setting.value.size()) < 0)
      return errno_error(concat("write '", setting.value, "' to '", setting.file, "'"), errno);
  }
  return {};
}

}  // namespace

Result<LaunchedInit> launch_init(const grpc::Spec& spec, const std::string& container_id,
                                 const ContainerPaths& paths, const SandboxNamespaces& namespaces,
                                 ProcessStdio stdio, UserNames user) {
  const std::string action = concat("container '", container_id, "'");
  ContainerPlan plan = KATA_TRY(plan_container(spec, paths, namespaces), action);
  plan.process.names = std::move(user);
  KATA_TRY(check_resources(spec.linux().resources()), action);
  const auto cgroup = KATA_TRY(open_cgroup(paths.cgroup), action);
  auto launched = [&]() -> Result<LaunchedInit> {
    KATA_TRY(cgroup->create(), "");
    KATA_TRY(cgroup->apply(spec.linux().resources()), "");
    KATA_TRY(cgroup->apply_unified(plan.unified), "linux.resources.unified");
    KATA_TRY(apply_rdma(*cgroup, plan.rdma), "linux.resources.rdma");
    KATA_TRY(cgroup->apply_devices(plan.device_rules), "linux.resources.devices");
    return InitLauncher(std::move(plan), container_id, paths, namespaces.mount_seed, *cgroup)
        .launch(std::move(stdio));
  }();
  if (launched.ok()) return launched;
  if (launched.error().code != ErrorCode::kAlreadyExists)
    if (auto removed = remove_cgroup(*cgroup, std::chrono::steady_clock::now() + kCleanUp);
        !removed.ok())
      log::warn("a cgroup is left behind", {{"error", removed.error().message}});
  return in_context(std::move(launched).error(), action);
}

}  // namespace kata::agent
