// SPDX-License-Identifier: Apache-2.0
//
// The QEMU process: started from a CommandLine, its stderr in a file, waited for by pidfd.
// Thread-safe: one thread may wait while another ends it.
#pragma once

#include <filesystem>
#include <mutex>
#include <optional>

#include "command_line.h"
#include "kata/child_process.h"

namespace kata::qemu {

class QemuProcess {
 public:
  // stderr_log is replaced. The process dies with the calling thread.
  static Result<QemuProcess> start(CommandLine line, const std::filesystem::path& netns,
                                   const std::filesystem::path& stderr_log);
  explicit QemuProcess(ChildProcess child) : child_(std::move(child)) {}
  QemuProcess(QemuProcess&& other) noexcept : child_(std::move(other.child_)) {}

  pid_t pid() const noexcept { return child_.pid(); }
  int pidfd() const noexcept { return child_.pidfd(); }
  Result<void> kill(int signal) const { return child_.kill(signal); }

  // nullopt: the deadline came first.
  Result<std::optional<ExitStatus>> wait(Deadline deadline);

 private:
  std::mutex reaping_{};
  ChildProcess child_;
};

}  // namespace kata::qemu
