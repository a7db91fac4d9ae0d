// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/container/annotated.h"
#include "agent/container/cgroup.h"
#include "agent/container/child.h"
#include "agent/container/launch.h"
#include "agent/container/names.h"
#include "agent/container/namespaces.h"
#include "agent/container/privileges.h"
#include "agent/container/process_plan.h"
#include "agent/container/program.h"
#include "agent/container/terminal.h"
#include "kata/concat.h"
#include "oci.pb.h"

namespace kata::agent {
namespace {

// The namespaces in which the container's first process differs from the agent. Joining the own
// user namespace once more is an error to the kernel, so it must not be asked for.
Result<std::uint64_t> foreign_namespaces(pid_t init_pid) {
  std::uint64_t flags = 0;
  for (const std::uint64_t flag :
       {std::uint64_t{CLONE_NEWUSER}, std::uint64_t{CLONE_NEWNS}, std::uint64_t{CLONE_NEWPID},
        std::uint64_t{CLONE_NEWIPC}, std::uint64_t{CLONE_NEWUTS}, std::uint64_t{CLONE_NEWNET},
        std::uint64_t{CLONE_NEWCGROUP}, KATA_TRY(namespace_flag("time"), "")}) {
    struct stat own {
    }, theirs{};
    const auto file = namespace_file(flag);
    if (::stat(concat("/proc/self/ns/", file).c_str(), &own) != 0) continue;
    if (::stat(concat("/proc/", init_pid, "/ns/", file).c_str(), &theirs) != 0)
      return errno_error(concat("look at the ", file, " namespace of process ", init_pid), errno);
    if (own.st_ino != theirs.st_ino) flags |= flag;
  }
  return flags;
}

class ExecLauncher {
 public:
  ExecLauncher(ProcessPlan plan, Cgroup& cgroup, UniqueFd init)
      : plan_(std::move(plan)), cgroup_(cgroup), init_(std::move(init)) {}

  Result<pid_t> launch(ProcessStdio stdio, std::uint64_t namespaces);
  UniqueFd take_terminal() { return std::move(terminal_); }

 private:
  Result<pid_t> start(ProcessStdio& stdio, std::uint64_t namespaces);
  Result<void> finish(pid_t pid, std::uint64_t namespaces);
  [[noreturn]] void run_child(ProcessStdio& stdio, std::uint64_t namespaces);
  Result<std::string> become_process(ProcessStdio& stdio, std::uint64_t namespaces);
  Result<void> move_to_container_terminal();

  ProcessPlan plan_;
  Cgroup& cgroup_;
  UniqueFd init_, terminal_{};  // in the child and in the agent
  Pipe status_{}, gate_{};
};

Result<pid_t> ExecLauncher::launch(ProcessStdio stdio, std::uint64_t namespaces) {
  status_ = KATA_TRY(make_status(), "");
  gate_ = KATA_TRY(make_pipe(), "");
  const pid_t pid = KATA_TRY(start(stdio, namespaces), "");
  status_.write.reset();
  gate_.read.reset();
  auto finished = finish(pid, namespaces);
  if (finished.ok()) return pid;
  discard_child(pid);
  return std::move(finished).error();
}

// Born into the pid namespace; the others it joins itself, so that the agent never leaves its own.
Result<pid_t> ExecLauncher::start(ProcessStdio& stdio, std::uint64_t namespaces) {
  NamespaceVisit visit;
  if ((namespaces & CLONE_NEWPID) != 0) KATA_TRY(visit.enter(CLONE_NEWPID, init_.get()), "");
  const pid_t pid = KATA_TRY(clone_child(0), "");
  if (pid != 0) return pid;
  visit.forget();
  run_child(stdio, namespaces);
}

Result<void> ExecLauncher::finish(pid_t pid, std::uint64_t namespaces) {
  KATA_TRY(cgroup_.add(pid), "join the cgroup");
  KATA_TRY(set_oom_score(plan_, pid), "");
  if ((namespaces & CLONE_NEWUSER) != 0) KATA_TRY(set_rlimits(plan_, pid), "");
  KATA_TRY(release(gate_.write.get()), "");
  if (KATA_TRY(read_report(status_.read.get(), &terminal_), "") != ChildState::kReady)
    return make_error(ErrorCode::kUnavailable, "the process was killed while it was being set up");
  KATA_TRY(read_report(status_.read.get()), "");  // of execve: nothing, when it succeeded
  return {};
}

void ExecLauncher::run_child(ProcessStdio& stdio, std::uint64_t namespaces) {
  const auto fail = [this](const Error& error) {
    report_failure(status_.write.get(), error);
    ::_exit(1);
  };
  const auto program = become_process(stdio, namespaces);
  if (!program.ok()) fail(program.error());
  report_ready(status_.write.get(), terminal_.get());
  terminal_.reset();
  if (const auto loaded = load_late_seccomp(plan_); !loaded.ok()) fail(loaded.error());
  const int code = execute(plan_, program.value());
  report_failure(status_.write.get(),
                 errno_error(concat("exec: \"", plan_.args.front(), '"'), errno));
  ::_exit(code);
}

Result<std::string> ExecLauncher::become_process(ProcessStdio& stdio, std::uint64_t namespaces) {
  KATA_TRY(isolate_child(stdio, {&status_.write, &gate_.read, &init_}), "");
  if (!wait_for_release(gate_.read.get())) ::_exit(1);
  gate_.read.reset();
  const std::uint64_t rest = namespaces & ~std::uint64_t{CLONE_NEWPID};
  if (rest != 0 && ::setns(init_.get(), static_cast<int>(rest)) != 0)
    return errno_error("join the container's namespaces", errno);
  init_.reset();
  const bool user = (namespaces & CLONE_NEWUSER) != 0;
  if (user && (::setresgid(0, 0, 0) != 0 || ::setresuid(0, 0, 0) != 0))
    return errno_error("become root of the user namespace", errno);
  if (plan_.terminal) KATA_TRY(move_to_container_terminal(), "terminal");
  return prepare_process(plan_, !user);
}

Result<void> ExecLauncher::move_to_container_terminal() {
  const UniqueFd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return errno_error("open '/'", errno);
  auto terminal = KATA_TRY(open_terminal(root.get()), "");
  if (!terminal) return {};
  KATA_TRY(use_as_stdio(*terminal), "");
  terminal_ = std::move(terminal->master);
  return {};
}

Result<ProcessPlan> plan_exec(const grpc::Process& process, const grpc::Spec& container) {
  ProcessPlan plan = KATA_TRY(plan_process(process), "");
  if (!process.has_capabilities())
    plan.capabilities = KATA_TRY(plan_capabilities(container.process().capabilities()), "");
  const auto& seccomp = container.linux().seccomp();
  const auto otherwise = KATA_TRY(default_errno(container), "");
  if (!seccomp.defaultaction().empty())
    plan.seccomp = KATA_TRY(SeccompFilter::build(seccomp, otherwise), "");
  KATA_TRY(plan_annotated_process(container, plan), "");
  return plan;
}

}  // namespace

Result<pid_t> launch_exec(const grpc::Process& process, const grpc::Spec& container_spec,
                          const ContainerPaths& paths, pid_t init_pid, ProcessStdio stdio,
                          UniqueFd* terminal, UserNames user) {
  ProcessPlan plan = KATA_TRY(plan_exec(process, container_spec), "exec");
  plan.names = std::move(user);
  UniqueFd init(static_cast<int>(::syscall(SYS_pidfd_open, init_pid, 0)));
  if (!init) return errno_error(concat("exec: open the container's process ", init_pid), errno);
  const auto namespaces = KATA_TRY(foreign_namespaces(init_pid), "exec");
  const auto cgroup = KATA_TRY(open_cgroup(paths.cgroup), "exec");
  ExecLauncher launcher(std::move(plan), *cgroup, std::move(init));
  const pid_t pid = KATA_TRY(launcher.launch(std::move(stdio), namespaces), "");
  if (terminal != nullptr) *terminal = launcher.take_terminal();
  return pid;
}

}  // namespace kata::agent
