// SPDX-License-Identifier: Apache-2.0
//
// virtiofsd, running: held by pidfd, killed with the thread that started it. What it says is kept
// short, because the guest can make it talk.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "kata/child_process.h"
#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::virtiofs {

// What the program prints for --version, on either stream.
Result<std::string> version_output(const std::filesystem::path& daemon, Deadline deadline);

// Guest-made text, fit for one line of a log: control characters become '?'.
std::string printable_line(std::string_view text);

class VirtiofsdProcess {
 public:
  using LogLine = std::function<void(std::string_view)>;  // called on a thread of this object

  // Starts `argv` with `listening_fd` (lent) as descriptor kListeningFd, and returns when the
  // daemon waits for its client; that it has ended instead is the error.
  static Result<std::unique_ptr<VirtiofsdProcess>> start(std::vector<std::string> argv,
                                                         int listening_fd, LogLine log,
                                                         Deadline deadline);
  ~VirtiofsdProcess();
  VirtiofsdProcess(const VirtiofsdProcess&) = delete;
  VirtiofsdProcess& operator=(const VirtiofsdProcess&) = delete;

  static constexpr int kListeningFd = 3;

  pid_t pid() const noexcept { return child_.pid(); }
  // The process that it runs in its sandbox and waits for; itself while there is none. [any]
  pid_t worker_pid() const noexcept;
  Result<void>
  kill();  // the daemon and the process it runs in its sandbox; returns when both are gone
  Result<std::string> wait();  // [any] until it has ended: how, and its last words

 private:
  VirtiofsdProcess(ChildProcess child, UniqueFd output, UniqueFd wake, LogLine log);

  void drain(const LogLine& log);
  void take_line(std::string_view line, const LogLine& log);
  Result<void> wait_until_serving(Deadline deadline);
  bool wait_for_silence(Deadline deadline);

  ChildProcess child_;  // under mutex_ where it reaps
  UniqueFd output_, wake_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string last_words_{};               // under mutex_
  bool serving_ = false, silent_ = false;  // under mutex_; silent: its stderr has no writer left
  std::uint32_t logged_lines_ = 0;
  std::thread drainer_;
};

}  // namespace kata::virtiofs
