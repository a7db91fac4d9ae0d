// SPDX-License-Identifier: Apache-2.0
#include "agent/container/hooks.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "agent/container/child.h"
#include "agent/container/names.h"
#include "kata/concat.h"
#include "oci.pb.h"

namespace kata::agent {
namespace {

Result<HookPlan> plan_hook(const grpc::Hook& hook) {
  HookPlan plan;
  KATA_TRY(check_absolute(hook.path(), "path"), "");
  plan.path = hook.path();
  for (const std::string& word : hook.args()) {
    KATA_TRY(check_text(word, "args"), "");
    plan.args.push_back(word);
  }
  if (plan.args.empty()) plan.args.push_back(plan.path);
  for (const std::string& entry : hook.env()) {
    KATA_TRY(check_text(entry, "env"), "");
    plan.env.push_back(entry);
  }
  if (hook.timeout() < 0)
    return make_error(ErrorCode::kInvalidArgument,
                      concat("timeout: ", hook.timeout(), " is negative"));
  plan.timeout = std::chrono::seconds(hook.timeout());
  return plan;
}

template <class List>
Result<std::vector<HookPlan>> plan_list(const List& hooks, std::string_view kind) {
  std::vector<HookPlan> plans;
  for (const auto& hook : hooks)
    plans.push_back(KATA_TRY(plan_hook(hook), concat("hooks.", kind, '[', plans.size(), "]")));
  return plans;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

[[noreturn]] void execute_hook(const HookPlan& hook, int input, int status) {
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  ::dup2(input, STDIN_FILENO);
  if (null) {
    ::dup2(null.get(), STDOUT_FILENO);
    ::dup2(null.get(), STDERR_FILENO);
  }
  auto args = pointers(hook.args);
  auto env = pointers(hook.env);
  ::execve(hook.path.c_str(), args.data(), env.data());
  report_failure(status, errno_error("execute it", errno));
  ::_exit(127);
}

// The state is far smaller than a pipe; that a reading end is open here too keeps SIGPIPE away.
Result<void> offer(const Pipe& input, const std::string& state) {
  ::fcntl(input.write.get(), F_SETFL, O_NONBLOCK);
  if (::write(input.write.get(), state.data(), state.size()) < 0)
    return errno_error("write the state", errno);
  return {};
}

Result<void> wait_for_hook(pid_t pid, std::chrono::seconds timeout) {
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  pollfd item{process.get(), POLLIN, 0};
  constexpr std::int64_t kLongest = 1'000'000;  // seconds: what poll(2) can count
  const auto limit =
      timeout.count() == 0
          ? -1
          : static_cast<int>(std::min<std::int64_t>(timeout.count(), kLongest) * 1000);
  const bool ended = !process || ::poll(&item, 1, limit) != 0;
  if (!ended) {
    discard_child(pid);
    return make_error(ErrorCode::kTimeout, concat("has not ended in ", timeout.count(), " s"));
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status))
    return make_error(ErrorCode::kInternal, concat("was killed by signal ", WTERMSIG(status)));
  if (WEXITSTATUS(status) != 0)
    return make_error(ErrorCode::kInternal, concat("ended with code ", WEXITSTATUS(status)));
  return {};
}

Result<void> run_hook(const HookPlan& hook, const std::string& state) {
  Pipe input = KATA_TRY(make_pipe(), "");
  Pipe status = KATA_TRY(make_status(), "");
  const pid_t pid = ::fork();  // not clone3(2), which a seccomp profile may deny already
  if (pid < 0) return errno_error("start a process", errno);
  if (pid == 0) execute_hook(hook, input.read.get(), status.write.get());
  status.write.reset();
  auto offered = offer(input, state);
  input.write.reset();
  input.read.reset();
  auto executed = read_report(status.read.get());
  auto ended = wait_for_hook(pid, hook.timeout);
  if (!executed.ok()) return std::move(executed).error();
  KATA_TRY(std::move(ended), "");
  return offered;
}

// Up to the end of the stream: it is one line, or nothing.
std::string read_line(int fd) {
  std::string text;
  char block[512];
  for (;;) {
    const ssize_t got = ::read(fd, block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    text.append(block, static_cast<std::size_t>(got));
  }
  return text.substr(0, text.find('\n'));
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') result.push_back('\\');
    if (static_cast<unsigned char>(letter) >= ' ') result.push_back(letter);
  }
  result.push_back('"');
  return result;
}

}  // namespace

Result<ContainerHooks> plan_hooks(const grpc::Hooks& hooks) {
  ContainerHooks planned;
  planned.prestart = KATA_TRY(plan_list(hooks.prestart(), "prestart"), "");
  planned.create = KATA_TRY(plan_list(hooks.createcontainer(), "createContainer"), "");
  planned.start = KATA_TRY(plan_list(hooks.startcontainer(), "startContainer"), "");
  planned.poststart = KATA_TRY(plan_list(hooks.poststart(), "poststart"), "");
  planned.poststop = KATA_TRY(plan_list(hooks.poststop(), "poststop"), "");
  return planned;
}

std::string hook_state(std::string_view container_id, std::string_view status, pid_t pid,
                       std::string_view bundle) {
  const std::string process = pid == 0 ? "" : concat(R"(,"pid":)", pid);
  return concat(R"({"ociVersion":"1.0.2","id":)", quoted(container_id), R"(,"status":)",
                quoted(status), process, R"(,"bundle":)", quoted(bundle), "}\n");
}

Result<void> run_hooks(const std::vector<HookPlan>& hooks, std::string_view kind,
                       const std::string& state) {
  for (const HookPlan& hook : hooks)
    KATA_TRY(run_hook(hook, state), concat("hooks.", kind, ": hook '", hook.path, '\''));
  return {};
}

Result<pid_t> start_hooks(const std::vector<HookPlan>& hooks, std::string_view kind,
                          const std::string& state, UniqueFd complaints, AfterFailure then) {
  const pid_t pid = KATA_TRY(clone_child(0), "");
  if (pid != 0) return pid;
  ProcessStdio nothing;
  bool failed = !isolate_child(nothing, {&complaints}).ok();
  for (const HookPlan& hook : hooks) {
    const auto run = run_hooks({hook}, kind, state);
    if (run.ok()) continue;
    failed = true;
    const std::string line = run.error().message + '\n';
    [[maybe_unused]] const auto written = ::write(complaints.get(), line.data(), line.size());
    if (then == AfterFailure::kStop) break;
  }
  ::_exit(failed ? 1 : 0);
}

Result<void> run_hooks_outside(const std::vector<HookPlan>& hooks, std::string_view kind,
                               const std::string& state) {
  if (hooks.empty()) return {};
  Pipe complaints = KATA_TRY(make_pipe(), "");
  const pid_t pid = KATA_TRY(
      start_hooks(hooks, kind, state, std::move(complaints.write), AfterFailure::kStop), "");
  complaints.write.reset();
  const std::string line = read_line(complaints.read.get());
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!line.empty()) return make_error(ErrorCode::kInternal, line);
  if (status != 0) return make_error(ErrorCode::kInternal, concat("hooks.", kind, ": failed"));
  return {};
}

}  // namespace kata::agent
