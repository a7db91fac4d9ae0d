// SPDX-License-Identifier: Apache-2.0
//
// kill-at PROGRAM N REPORT COMMAND [ARGUMENT...]
//
// Runs COMMAND under ptrace and counts the side effects of the first process that executes a file
// named PROGRAM: COMMAND itself or a descendant. With SIGKILL, that process does not get to its Nth
// one; 0: it is left alone. REPORT gets "exit CODE" when COMMAND has ended and, after the counted
// process, "effects COUNT". The product knows nothing of this.
#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

namespace {

constexpr int kUsageError = 2, kNotRun = 127, kSignalled = 128;
constexpr int kSyscallStop = SIGTRAP | 0x80;
constexpr long kOptions = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                          PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC;

// What another process, the kernel or the disk would notice. open() only if it may make a file.
bool is_effect(const __ptrace_syscall_info& info) {
  static const std::set<std::uint64_t> kEffects = {
      SYS_write,    SYS_pwrite64,     SYS_writev,    SYS_sendto,       SYS_sendmsg,
      SYS_connect,  SYS_bind,         SYS_listen,    SYS_fork,         SYS_vfork,
      SYS_clone,    SYS_clone3,       SYS_execve,    SYS_kill,         SYS_pidfd_send_signal,
      SYS_rename,   SYS_renameat,     SYS_renameat2, SYS_mkdir,        SYS_mkdirat,
      SYS_rmdir,    SYS_unlink,       SYS_unlinkat,  SYS_link,         SYS_linkat,
      SYS_symlink,  SYS_symlinkat,    SYS_mknod,     SYS_mknodat,      SYS_ftruncate,
      SYS_fsync,    SYS_fchmod,       SYS_fchmodat,  SYS_chmod,        SYS_fchown,
      SYS_chown,    SYS_mount,        SYS_umount2,   SYS_move_mount,   SYS_open_tree,
      SYS_setns,    SYS_unshare,      SYS_ioctl,     SYS_memfd_create, SYS_flock,
      SYS_setxattr, SYS_mount_setattr};
  const std::uint64_t number = info.entry.nr;
  if (number == SYS_open) return (info.entry.args[1] & O_CREAT) != 0;
  if (number == SYS_openat) return (info.entry.args[2] & O_CREAT) != 0;
  return kEffects.contains(number);
}

std::string program_of(pid_t pid) {
  std::error_code gone;
  return std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/exe", gone).filename();
}

pid_t group_of(pid_t thread) {
  std::ifstream status("/proc/" + std::to_string(thread) + "/status");
  for (std::string word; status >> word;)
    if (word == "Tgid:") {
      pid_t group = 0;
      status >> group;
      return group;
    }
  return 0;
}

class Tracer {
 public:
  Tracer(std::string program, unsigned long at, const char* report)
      : program_(std::move(program)), at_(at), report_(report) {}

  int run(char** command) {
    main_ = ::fork();
    if (main_ == 0) {
      ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
      ::execvp(command[0], command);
      ::_exit(kNotRun);
    }
    int status = 0;
    if (::waitpid(main_, &status, 0) != main_ || !WIFSTOPPED(status)) return kNotRun;
    ::ptrace(PTRACE_SETOPTIONS, main_, nullptr, kOptions);
    known_.insert(main_);
    executed(main_);
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, __WALL)) > 0;) look_at(pid, status);
    return 0;
  }

 private:
  void look_at(pid_t pid, int status) {
    if (!WIFSTOPPED(status)) return ended(pid, status);
    const int signal = WSTOPSIG(status), event = status >> 16;
    if (event == PTRACE_EVENT_EXEC) return executed(pid);
    if (event != 0) return go_on(pid);
    if (signal == kSyscallStop) return called(pid);
    if (known_.insert(pid).second) return go_on(pid);  // a new thread or process begins stopped
    go_on(pid, signal);
  }

  void ended(pid_t pid, int status) {
    known_.erase(pid);
    if (pid == main_)
      report_ << "exit "
              << (WIFEXITED(status) ? WEXITSTATUS(status) : kSignalled + WTERMSIG(status))
              << std::endl;
    if (pid == counted_) report_ << "effects " << effects_ << std::endl;
  }

  // What is neither the program nor on the way to it runs free.
  void executed(pid_t pid) {
    const std::string program = program_of(pid);
    if (counted_ == 0 && program == program_) counted_ = pid;
    if (pid == counted_ || program == "kata-runtime") return go_on(pid);
    known_.erase(pid);
    ::ptrace(PTRACE_DETACH, pid, nullptr, nullptr);
  }

  void called(pid_t pid) {
    __ptrace_syscall_info info{};
    ::ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info);
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY && is_effect(info) && ++effects_ == at_)
      ::kill(counted_, SIGKILL);
    else
      go_on(pid);
  }

  void go_on(pid_t pid, int signal = 0) {
    const bool counts = counted_ != 0 && (pid == counted_ || group_of(pid) == counted_);
    ::ptrace(counts ? PTRACE_SYSCALL : PTRACE_CONT, pid, nullptr, signal);
  }

  const std::string program_;
  const unsigned long at_;
  std::ofstream report_;
  pid_t main_ = 0, counted_ = 0;
  unsigned long effects_ = 0;
  std::set<pid_t> known_{};
};

}  // namespace

int main(int count, char** values) {
  if (count < 5) return kUsageError;
  return Tracer(values[1], std::strtoul(values[2], nullptr, 10), values[3]).run(values + 4);
}
