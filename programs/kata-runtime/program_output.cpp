// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/program_output.h"

#include <poll.h>
#include <unistd.h>

#include <chrono>

#include "kata/child_process.h"
#include "kata/concat.h"

namespace kata::runtime {
namespace {

constexpr std::chrono::seconds kTime{5};
constexpr std::size_t kMostOutput = 4096;

// Until the end, the limit or the deadline.
std::string read_until(int fd, Deadline deadline) {
  std::string text;
  char buffer[512];
  while (text.size() < kMostOutput && detail::poll_until(fd, deadline) > 0) {
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  return text;
}

}  // namespace

Result<std::string> program_output(const std::vector<std::string>& argv) {
  const Deadline deadline = std::chrono::steady_clock::now() + kTime;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("make pipe", errno);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  SpawnRequest request;
  request.argv = argv;
  request.descriptors = {{writer.get(), STDOUT_FILENO}};
  auto child = KATA_TRY(ChildProcess::spawn(std::move(request)), "");
  writer.reset();
  std::string text = read_until(reader.get(), deadline);
  const auto status = KATA_TRY(child.wait(deadline), "");
  if (status) return text;
  KATA_TRY(child.terminate(SIGKILL, std::chrono::steady_clock::now() + kTime), "");
  return make_error(ErrorCode::kTimeout,
                    concat("'", argv[0], "' has not ended after ", kTime.count(), " s"));
}

}  // namespace kata::runtime
