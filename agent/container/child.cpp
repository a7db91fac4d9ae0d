// SPDX-License-Identifier: Apache-2.0
#include "agent/container/child.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/container/privileges.h"
#include "agent/container/program.h"
#include "agent/container/terminal.h"
#include "agent/container/users.h"
#include "kata/beneath.h"
#include "kata/concat.h"

namespace kata::agent {
namespace {

constexpr char kReadyMark = 'R', kFailureMark = 'E', kBuiltMark = 'B';

struct FailureHeader {
  char mark = kFailureMark;
  std::int32_t code = 0, sys_errno = 0;
};

ssize_t read_some(int fd, void* buffer, std::size_t size) noexcept {
  for (;;) {
    const ssize_t got = ::read(fd, buffer, size);
    if (got >= 0 || errno != EINTR) return got;
  }
}

std::string read_all(int fd) {
  std::string text;
  char block[512];
  for (;;) {
    const ssize_t got = read_some(fd, block, sizeof block);
    if (got <= 0) return text;
    text.append(block, static_cast<std::size_t>(got));
  }
}

void reset_signals() noexcept {
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Moves a descriptor above the standard ones, so that placing those does not close it.
Result<void> move_up(UniqueFd& fd) {
  constexpr int kFirst = 10;
  const int moved = ::fcntl(fd.get(), F_DUPFD_CLOEXEC, kFirst);
  if (moved < 0) return errno_error("move a descriptor", errno);
  fd.reset(moved);
  return {};
}

Result<void> place_stdio(ProcessStdio& stdio) {
  UniqueFd* const ends[] = {&stdio.in, &stdio.out, &stdio.err};
  for (UniqueFd* end : ends) {
    if (!*end) end->reset(::open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY));
    KATA_TRY(move_up(*end), "stdio");
  }
  for (int number = 0; number < 3; ++number) {
    if (::dup2(ends[number]->get(), number) < 0) return errno_error("place stdio", errno);
    ends[number]->reset();
  }
  return {};
}

// Closes all but stdio and `keep`: the gaps between the kept ones.
Result<void> close_others(const std::vector<UniqueFd*>& keep) {
  unsigned first = 3;
  for (;;) {
    unsigned next = ~0U;
    for (const UniqueFd* fd : keep)
      if (const auto number = static_cast<unsigned>(fd->get()); number >= first && number < next)
        next = number;
    if (next > first && ::syscall(SYS_close_range, first, next == ~0U ? ~0U : next - 1, 0U) != 0)
      return errno_error("close descriptors", errno);
    if (next == ~0U) return {};
    first = next + 1;
  }
}

// The workload may reopen /dev/stdout as its own user. What has no owner to change says so.
void give_stdio(uid_t uid) noexcept {
  for (int number = 0; number < 3; ++number) {
    struct stat found {};
    if (::fstat(number, &found) != 0 || found.st_uid == uid) continue;
    if (!S_ISFIFO(found.st_mode) && !S_ISSOCK(found.st_mode) && ::isatty(number) != 1) continue;
    [[maybe_unused]] const int owned = ::fchown(number, uid, static_cast<gid_t>(-1));
  }
}

Result<void> take_terminal(const ProcessPlan& plan) {
  if (!plan.terminal) return {};
  if (::ioctl(STDIN_FILENO, TIOCSCTTY, 0) != 0)
    return errno_error("take the controlling terminal", errno);
  if (plan.rows == 0 && plan.columns == 0) return {};
  winsize size{};
  size.ws_row = plan.rows;
  size.ws_col = plan.columns;
  if (::ioctl(STDIN_FILENO, TIOCSWINSZ, &size) != 0)
    return errno_error("set the terminal's size", errno);
  return {};
}

// Resolved inside the root by the kernel, without the links of /proc that lead out of it.
Result<void> enter_directory(int root, const std::string& cwd) {
  const std::string action = concat("process.cwd: '", cwd, "'");
  const UniqueFd directory = KATA_TRY(make_directories_in_root(root, cwd, 0755), action);
  if (::fchdir(directory.get()) != 0) return errno_error(action, errno);
  char name[PATH_MAX];
  if (::syscall(SYS_getcwd, name, sizeof name) <= 0 || name[0] != '/')
    return make_error(ErrorCode::kInvalidArgument, concat(action, ": is outside the container"));
  return {};
}

void add_home(int root, ProcessPlan& plan) {
  for (const std::string& entry : plan.env)
    if (entry.starts_with("HOME=")) return;
  plan.env.push_back(concat("HOME=", home_directory(root, plan.uid)));
}

}  // namespace

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("make pipe", errno);
  Pipe pipe;
  pipe.read.reset(ends[0]);
  pipe.write.reset(ends[1]);
  return pipe;
}

Result<Pipe> make_status() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return errno_error("make a socket for reports", errno);
  Pipe pipe;
  pipe.read.reset(ends[0]);
  pipe.write.reset(ends[1]);
  return pipe;
}

// By the system call: fork(3) cannot make all namespaces in one step, and only so are they owned by
// the new user namespace. glibc's record of the thread id in the child stays the parent's; nothing
// between here and execve asks for it.
Result<pid_t> clone_child(std::uint64_t namespaces) {
  clone_args request{};
  request.flags = namespaces;
  request.exit_signal = SIGCHLD;
  const long pid = ::syscall(SYS_clone3, &request, sizeof request);
  if (pid < 0) return errno_error("start a process in new namespaces", errno);
  return static_cast<pid_t>(pid);
}

void report_ready(int status, int terminal) noexcept {
  if (terminal >= 0 && send_descriptor(status, kReadyMark, terminal).ok()) return;
  [[maybe_unused]] const auto written = ::write(status, &kReadyMark, 1);
}

void report_built(int status) noexcept {
  [[maybe_unused]] const auto written = ::write(status, &kBuiltMark, 1);
}

void report_failure(int status, const Error& error) noexcept {
  FailureHeader header;
  header.code = static_cast<std::int32_t>(error.code);
  header.sys_errno = error.sys_errno;
  [[maybe_unused]] auto written = ::write(status, &header, sizeof header);
  written =
      ::write(status, error.message.data(), std::min<std::size_t>(error.message.size(), 4096));
}

Result<ChildState> read_report(int status, UniqueFd* terminal) {
  UniqueFd received;
  const char mark = KATA_TRY(receive_mark(status, received), "");
  if (mark == 0) return ChildState::kExecuted;
  if (mark == kBuiltMark) return ChildState::kBuilt;
  if (mark == kReadyMark && terminal != nullptr) *terminal = std::move(received);
  if (mark == kReadyMark) return ChildState::kReady;
  std::string text(1, mark);
  text += read_all(status);
  FailureHeader header;
  if (text.size() < sizeof header)
    return make_error(ErrorCode::kInternal, "the child's report is cut off");
  text.copy(reinterpret_cast<char*>(&header), sizeof header);
  return Error{static_cast<ErrorCode>(header.code), header.sys_errno, text.substr(sizeof header)};
}

Result<void> release(int gate) {
  for (;;) {
    if (::write(gate, "g", 1) == 1) return {};
    if (errno != EINTR) return errno_error("release the child", errno);
  }
}

bool wait_for_release(int gate) noexcept {
  char byte = 0;
  return read_some(gate, &byte, 1) == 1;
}

int discard_child(pid_t pid) noexcept {
  int status = 0;
  ::kill(pid, SIGKILL);
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

Result<void> isolate_child(ProcessStdio& stdio, const std::vector<UniqueFd*>& keep) {
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  reset_signals();
  ::setsid();
  ::umask(0022);
  for (UniqueFd* fd : keep) KATA_TRY(move_up(*fd), "");
  KATA_TRY(place_stdio(stdio), "");
  return close_others(keep);
}

Result<std::string> prepare_process(ProcessPlan& plan, bool set_limits) {
  UniqueFd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return errno_error("open '/'", errno);
  KATA_TRY(find_user(root.get(), plan.names, plan), "process.user");
  KATA_TRY(take_terminal(plan), "");
  give_stdio(plan.uid);
  add_home(root.get(), plan);
  KATA_TRY(enter_directory(root.get(), plan.cwd), "");
  root.reset();
  ::umask(plan.umask);
  std::string program = KATA_TRY(find_program(plan), "");
  KATA_TRY(set_scheduling(plan), "");
  if (set_limits) KATA_TRY(set_rlimits(plan, 0), "");
  KATA_TRY(drop_privileges(plan, program), "");
  return program;
}

}  // namespace kata::agent
