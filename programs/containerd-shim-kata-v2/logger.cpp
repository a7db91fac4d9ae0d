// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/logger.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "core/base/log.h"
#include "kata/child_process.h"
#include "kata/concat.h"
#include "programs/containerd-shim-kata-v2/readable.h"

namespace kata::shim_v2 {

namespace asio = boost::asio;
using std::chrono::steady_clock;

namespace {

constexpr std::chrono::seconds kReadyTime{10}, kLastLines{10}, kAfterSigterm{2};
constexpr int kParked = 64;  // above the numbers that the protocol gives

struct Pipe {
  UniqueFd read{}, write{};
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("make pipe", errno);
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// So that no descriptor is overwritten before it has been placed.
Result<UniqueFd> parked(UniqueFd fd) {
  UniqueFd high(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kParked));
  if (!high) return errno_error("duplicate a descriptor", errno);
  return high;
}

Result<pid_t> spawn(const LoggerRequest& request, const std::array<int, 3>& descriptors) {
  std::vector<std::string> words{request.program.path};
  words.insert(words.end(), request.program.arguments.begin(), request.program.arguments.end());
  std::vector<std::string> environment{concat("CONTAINER_ID=", request.container_id),
                                       concat("CONTAINER_NAMESPACE=", request.container_namespace)};
  std::vector<char*> argv, envp;
  for (std::string& word : words) argv.push_back(word.data());
  for (std::string& entry : environment) envp.push_back(entry.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawn_file_actions_init(&actions);
  for (int standard = 0; standard <= 2; ++standard)
    ::posix_spawn_file_actions_addopen(&actions, standard, "/dev/null", O_RDWR, 0);
  for (int number = 0; number < 3; ++number)
    ::posix_spawn_file_actions_adddup2(&actions, descriptors[static_cast<std::size_t>(number)],
                                       number + 3);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t pid = -1;
  const int failure = ::posix_spawn(&pid, argv[0], &actions, &attributes, argv.data(), envp.data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failure != 0)
    return errno_error(concat("start logger '", request.program.path, "'"), failure);
  return pid;
}

}  // namespace

asio::awaitable<Result<std::unique_ptr<Logger>>> Logger::start(LoggerRequest request) {
  std::unique_ptr<Logger> logger(new Logger);
  logger->path_ = request.program.path;
  KATA_CO_TRY(Pipe out, make_pipe(), "");
  KATA_CO_TRY(Pipe err, make_pipe(), "");
  KATA_CO_TRY(Pipe ready, make_pipe(), "");
  KATA_CO_TRY(const UniqueFd out_end, parked(std::move(out.read)), "");
  KATA_CO_TRY(const UniqueFd err_end, parked(std::move(err.read)), "");
  KATA_CO_TRY(UniqueFd ready_end, parked(std::move(ready.write)), "");
  const std::array<int, 3> descriptors{out_end.get(), err_end.get(), ready_end.get()};
  KATA_CO_TRY(logger->pid_, spawn(request, descriptors), "");
  ready.write.reset();
  ready_end.reset();
  logger->pidfd_.reset(detail::pidfd_open(logger->pid_));
  logger->out = std::move(out.write);
  logger->err = std::move(err.write);
  const Deadline deadline = steady_clock::now() + kReadyTime;
  const bool said = co_await readable_by(ready.read.get(), deadline);
  const bool ended = detail::poll_until(logger->pidfd_.get(), steady_clock::now()) > 0;
  if (said && !ended) co_return logger;
  co_return make_error(ErrorCode::kUnavailable,
                       concat("logger '", logger->path_, "' ",
                              ended ? "ended at once"
                                    : "did not close its descriptor 5 in time to say it is ready"));
}

Logger::~Logger() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

asio::awaitable<void> Logger::finish() {
  out.reset();
  err.reset();
  Deadline deadline = steady_clock::now() + kLastLines;
  const bool ended = co_await readable_by(pidfd_.get(), deadline);
  if (ended) co_return;
  log::warn("a logger did not end with its container", {{"logger", path_}});
  ::kill(pid_, SIGTERM);
  deadline = steady_clock::now() + kAfterSigterm;
  static_cast<void>(co_await readable_by(pidfd_.get(), deadline));
}

}  // namespace kata::shim_v2
