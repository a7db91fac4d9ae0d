// SPDX-License-Identifier: Apache-2.0
//
// Programs on the host, held by pidfd: a child cannot be mistaken for another process that later
// got its pid.
//
// A child gets its listed descriptors and no other, an empty signal mask, default signal actions,
// and (unless told otherwise) SIGKILL when the *thread* that spawned it ends. Nothing here reaps by
// pid -1. Threads: one object, one thread at a time; wait() may run beside kill().
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kata/concat.h"
#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata {

struct InheritedFd {
  int parent = -1;  // lent for the call
  int child = -1;   // its number in the child; 0, 1 and 2 default to /dev/null
};

struct SpawnRequest {
  std::vector<std::string> argv{};  // argv[0] is the program's path
  std::vector<InheritedFd> descriptors{};
  std::filesystem::path netns{};  // joined before exec; empty: the caller's
  bool kill_with_parent = true;
  bool new_session = true;
};

struct ExitStatus {
  int code = 0;  // exit code, or 128 + signal; -1 when the process was not our child
  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};

namespace detail {

inline int pidfd_open(pid_t pid) noexcept {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

// Waits until fd polls readable: 1, 0 at the deadline, -1 with errno.
inline int poll_until(int fd, Deadline deadline) noexcept {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now())
            .count();
    pollfd item{fd, POLLIN, 0};
    const int timeout = left < 0 ? 0 : (left > 1'000'000 ? 1'000'000 : static_cast<int>(left));
    const int ready = ::poll(&item, 1, timeout);
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0 && std::chrono::steady_clock::now() < deadline) continue;
    return ready;
  }
}

// In the child: moves the listed descriptors to their numbers, above-2 strays become close-on-exec.
// Async-signal-safe.
inline bool place_descriptors(std::vector<InheritedFd>& fds, int& report) noexcept {
  constexpr int kParked = 700;  // above every number a caller asks for; 0 if the limit is lower
  for (InheritedFd& fd : fds) {
    fd.parent = ::fcntl(fd.parent, F_DUPFD_CLOEXEC, kParked);
    if (fd.parent < 0) return false;
  }
  report = ::fcntl(report, F_DUPFD_CLOEXEC, kParked);
  if (report < 0) return false;
  for (int standard = 0; standard <= 2; ++standard) {
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || ::dup2(null, standard) < 0) return false;
    if (null > 2) ::close(null);
  }
  ::syscall(SYS_close_range, 3U, ~0U, 1U << 2);  // CLOSE_RANGE_CLOEXEC
  for (const InheritedFd& fd : fds)
    if (::dup2(fd.parent, fd.child) < 0) return false;
  return true;
}

inline void reset_signals() noexcept {
  for (int signal = 1; signal < 65; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Runs in the child; reports errno through `report` and never returns.
[[noreturn]] inline void exec_child(const SpawnRequest& request, std::vector<InheritedFd>& fds,
                                    char* const* argv, int netns, int report,
                                    pid_t parent) noexcept {
  const auto fail = [&report] {
    const int number = errno;
    [[maybe_unused]] const auto written = ::write(report, &number, sizeof number);
    ::_exit(127);
  };
  if (request.kill_with_parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);  // the parent went before the prctl
  }
  if (request.new_session) ::setsid();
  if (netns >= 0 && ::setns(netns, CLONE_NEWNET) != 0) fail();
  if (!place_descriptors(fds, report)) fail();
  reset_signals();
  ::execv(argv[0], argv);
  fail();
  ::_exit(127);
}

}  // namespace detail

// The kernel's start time of a process, in clock ticks since boot; with the pid it names one
// process for ever.
inline Result<std::uint64_t> process_start_time(pid_t pid) {
  std::ifstream file(concat("/proc/", pid, "/stat"));
  std::string text;
  if (!std::getline(file, text))
    return make_error(ErrorCode::kNotFound, concat("process ", pid, " does not exist"));
  std::size_t at = text.rfind(')');
  for (int field = 2; field < 22 && at != std::string::npos; ++field) at = text.find(' ', at + 1);
  if (at == std::string::npos)
    return make_error(ErrorCode::kInternal, concat("/proc/", pid, "/stat: too few fields"));
  return static_cast<std::uint64_t>(std::strtoull(text.c_str() + at + 1, nullptr, 10));
}

class ChildProcess {
 public:
  ChildProcess() = default;

  // Starts request.argv. An exec that fails is an error here, not an exit status 127.
  static Result<ChildProcess> spawn(SpawnRequest request);

  // A process that someone else started, e.g. before this program was restarted. kNotFound when it
  // is gone or its pid has been reused.
  static Result<ChildProcess> adopt(pid_t pid, std::uint64_t start_time);

  explicit operator bool() const noexcept { return static_cast<bool>(pidfd_); }
  pid_t pid() const noexcept { return pid_; }
  int pidfd() const noexcept { return pidfd_.get(); }  // readable when the process has ended

  Result<void> kill(int signal) const {
    if (::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0) == 0 || errno == ESRCH)
      return {};
    return errno_error(concat("send signal ", signal, " to process ", pid_), errno);
  }

  // The exit status, or nullopt at the deadline. Reaps a child of ours; may be called again
  // afterwards.
  Result<std::optional<ExitStatus>> wait(Deadline deadline);

  // Whether it has ended by the deadline. Reaps nothing, so it may run beside everything else.
  bool ended_by(Deadline deadline) const noexcept {
    return detail::poll_until(pidfd_.get(), deadline) == 1;
  }

  // Asks with `signal`, waits until the deadline, then kills. Returns when the process is gone.
  Result<ExitStatus> terminate(int signal, Deadline deadline);

 private:
  pid_t pid_ = -1;
  UniqueFd pidfd_{};
  std::optional<ExitStatus> status_{};
};

inline Result<ChildProcess> ChildProcess::spawn(SpawnRequest request) {
  const std::string action = concat("start '", request.argv.at(0), "'");
  std::vector<char*> argv;
  for (std::string& word : request.argv) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::vector<InheritedFd> fds = request.descriptors;
  UniqueFd netns;
  if (!request.netns.empty()) {
    netns.reset(::open(request.netns.c_str(), O_RDONLY | O_CLOEXEC));
    if (!netns)
      return errno_error(concat(action, ": open network namespace '", request.netns, "'"), errno);
  }
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) return errno_error(concat(action, ": make pipe"), errno);
  UniqueFd report_read(report[0]), report_write(report[1]);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return errno_error(concat(action, ": fork"), errno);
  if (pid == 0)
    detail::exec_child(request, fds, argv.data(), netns.get(), report_write.get(), parent);
  ChildProcess child;
  child.pid_ = pid;
  child.pidfd_.reset(detail::pidfd_open(pid));
  report_write.reset();
  int child_errno = 0;
  ssize_t got;
  do got = ::read(report_read.get(), &child_errno, sizeof child_errno);
  while (got < 0 && errno == EINTR);
  if (got > 0) {
    ::waitpid(pid, nullptr, 0);
    return errno_error(action, child_errno);
  }
  if (!child.pidfd_) return errno_error(concat(action, ": open pidfd"), errno);
  return child;
}

inline Result<ChildProcess> ChildProcess::adopt(pid_t pid, std::uint64_t start_time) {
  ChildProcess process;
  process.pid_ = pid;
  process.pidfd_.reset(detail::pidfd_open(pid));
  const auto found = process_start_time(pid);
  if (!process.pidfd_ || !found.ok() || found.value() != start_time)
    return make_error(ErrorCode::kNotFound,
                      concat("process ", pid, " of the recorded start time is gone"));
  return process;
}

inline Result<std::optional<ExitStatus>> ChildProcess::wait(Deadline deadline) {
  if (status_) return status_;
  const int ready = detail::poll_until(pidfd_.get(), deadline);
  if (ready < 0) return errno_error(concat("wait for process ", pid_), errno);
  if (ready == 0) return std::optional<ExitStatus>{};
  siginfo_t info{};
  if (::waitid(static_cast<idtype_t>(3) /* P_PIDFD */, static_cast<id_t>(pidfd_.get()), &info,
               WEXITED) != 0)
    status_ = ExitStatus{-1};
  else
    status_ = ExitStatus{info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status};
  return status_;
}

inline Result<ExitStatus> ChildProcess::terminate(int signal, Deadline deadline) {
  if (signal != SIGKILL) {
    KATA_TRY(kill(signal), "");
    if (auto status = KATA_TRY(wait(deadline), "")) return *status;
  }
  KATA_TRY(kill(SIGKILL), "");
  const Deadline last = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  if (auto status = KATA_TRY(wait(last), "")) return *status;
  return make_error(ErrorCode::kTimeout,
                    concat("process ", pid_, " did not end 5 s after SIGKILL"));
}

}  // namespace kata
