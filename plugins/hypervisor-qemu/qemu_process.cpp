// SPDX-License-Identifier: Apache-2.0
#include "qemu_process.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "kata/concat.h"
#include "poll_fd.h"

namespace kata::qemu {

Result<QemuProcess> QemuProcess::start(CommandLine line, const std::filesystem::path& netns,
                                       const std::filesystem::path& stderr_log) {
  ::unlink(stderr_log.c_str());
  // O_APPEND: trim_log makes holes in it while QEMU writes.
  const UniqueFd log(
      ::open(stderr_log.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600));
  if (!log) return errno_error(concat("make '", stderr_log, "'"), errno);
  SpawnRequest request;
  request.argv = std::move(line.argv);
  request.descriptors = std::move(line.descriptors);
  request.descriptors.push_back({log.get(), STDERR_FILENO});
  request.netns = netns;
  return QemuProcess(KATA_TRY(ChildProcess::spawn(std::move(request)), ""));
}

Result<std::optional<ExitStatus>> QemuProcess::wait(Deadline deadline) {
  // The long wait is outside the lock; only the reaping is exclusive.
  const int ready = poll_fd(child_.pidfd(), POLLIN, deadline);
  if (ready < 0) return errno_error(concat("wait for QEMU, process ", child_.pid()), errno);
  if (ready == 0) return std::optional<ExitStatus>{};
  const std::lock_guard lock(reaping_);
  return child_.wait(std::chrono::steady_clock::now());
}

}  // namespace kata::qemu
