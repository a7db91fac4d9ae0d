// SPDX-License-Identifier: Apache-2.0
//
// The process of a VMM: its output in a file, waited for by pidfd. Thread-safe: one thread may wait
// while another ends it.
#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <utility>

#include "kata/child_process.h"

namespace kata::vmm {

class VmmProcess {
 public:
  // `log` is replaced and becomes the program's standard error. The process dies with the calling
  // thread.
  static Result<VmmProcess> start(SpawnRequest request, const std::filesystem::path& log);
  explicit VmmProcess(ChildProcess child) : child_(std::move(child)) {}
  VmmProcess(VmmProcess&& other) noexcept : child_(std::move(other.child_)) {}

  pid_t pid() const noexcept { return child_.pid(); }
  int pidfd() const noexcept { return child_.pidfd(); }
  Result<void> kill(int signal) const { return child_.kill(signal); }

  // nullopt: the deadline came first.
  Result<std::optional<ExitStatus>> wait(Deadline deadline);

  // Waits until the deadline, then kills. Returns when the process is gone.
  Result<ExitStatus> end(Deadline deadline);

 private:
  std::mutex reaping_{};
  ChildProcess child_;
};

}  // namespace kata::vmm
