// SPDX-License-Identifier: Apache-2.0
#include "vmm_process.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "kata/concat.h"
#include "poll_fd.h"

namespace kata::vmm {
namespace {

constexpr std::chrono::seconds kKillTime{5};  // from SIGKILL to the end of the process

}  // namespace

Result<VmmProcess> VmmProcess::start(SpawnRequest request, const std::filesystem::path& log) {
  ::unlink(log.c_str());
  // O_APPEND: trim_log makes holes in it while the VMM writes.
  const UniqueFd file(
      ::open(log.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600));
  if (!file) return errno_error(concat("make '", log, "'"), errno);
  request.descriptors.push_back({file.get(), STDERR_FILENO});
  return VmmProcess(KATA_TRY(ChildProcess::spawn(std::move(request)), ""));
}

Result<std::optional<ExitStatus>> VmmProcess::wait(Deadline deadline) {
  // The long wait is outside the lock; only the reaping is exclusive.
  const int ready = poll_fd(child_.pidfd(), POLLIN, deadline);
  if (ready < 0) return errno_error(concat("wait for the VMM, process ", child_.pid()), errno);
  if (ready == 0) return std::optional<ExitStatus>{};
  const std::lock_guard lock(reaping_);
  return child_.wait(std::chrono::steady_clock::now());
}

Result<ExitStatus> VmmProcess::end(Deadline deadline) {
  if (auto status = KATA_TRY(wait(deadline), "")) return *status;
  KATA_TRY(kill(SIGKILL), "");
  if (auto status = KATA_TRY(wait(std::chrono::steady_clock::now() + kKillTime), ""))
    return *status;
  return make_error(ErrorCode::kTimeout,
                    concat("the VMM, process ", pid(), ", did not end 5 s after SIGKILL"));
}

}  // namespace kata::vmm
