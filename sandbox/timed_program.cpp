// SPDX-License-Identifier: Apache-2.0
#include "sandbox/timed_program.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <future>

#include "core/base/memory_file.h"
#include "kata/child_process.h"
#include "kata/concat.h"

namespace kata::sandbox {

namespace {

constexpr std::size_t kMostOutput = 4096;
constexpr int kAskAgain = 200;  // ms

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> out;
  for (const std::string& word : words) out.push_back(const_cast<char*>(word.c_str()));
  out.push_back(nullptr);
  return out;
}

class SpawnActions {
 public:
  SpawnActions(int input, int output, bool errors_too) {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (errors_too)
      ::posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    else
      ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawnattr_init(&attributes);
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setflags(&attributes,
                               POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnActions() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;

  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

Result<void> enter(const std::filesystem::path& netns) {
  if (netns.empty()) return {};
  const UniqueFd space(::open(netns.c_str(), O_RDONLY | O_CLOEXEC));
  if (!space || ::setns(space.get(), CLONE_NEWNET) != 0)
    return errno_error(concat("enter network namespace '", netns, "'"), errno);
  return {};
}

Result<pid_t> spawn(const TimedProgram& request, int input, int output) {
  KATA_TRY(enter(request.netns), "");
  const std::vector<std::string> args =
      request.args.empty() ? std::vector{request.path} : request.args;
  const SpawnActions how(input, output, request.errors_too);
  pid_t pid = -1;
  const int failure = ::posix_spawn(&pid, request.path.c_str(), &how.actions, &how.attributes,
                                    pointers(args).data(), pointers(request.environment).data());
  if (failure != 0) return errno_error("start it", failure);
  return pid;
}

bool was_interrupted(const TimedProgram& request) {
  return request.interrupted != nullptr && request.interrupted();
}

// What it prints, until it has ended. False at the deadline and on an interruption.
bool follow(const TimedProgram& request, int pidfd, int output, Deadline deadline,
            std::string& said) {
  for (;;) {
    if (was_interrupted(request)) return false;
    std::array<pollfd, 2> items{pollfd{pidfd, POLLIN, 0}, pollfd{output, POLLIN, 0}};
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    const bool endless = deadline == Deadline::max();
    if (!endless && left.count() <= 0) return false;
    // A signal may come between the question above and poll: hence not for ever.
    const int wait =
        endless ? kAskAgain : static_cast<int>(std::min<long>(left.count(), kAskAgain));
    if (::poll(items.data(), items.size(), wait) < 0 && errno != EINTR) return false;
    char buffer[1024];
    const ssize_t got = items[1].revents != 0 ? ::read(output, buffer, sizeof buffer) : 0;
    if (got > 0) said.append(buffer, static_cast<std::size_t>(got));
    if (said.size() > kMostOutput) said.erase(0, said.size() - kMostOutput);
    if (items[0].revents != 0 && got <= 0) return true;
    if (items[1].revents != 0 && got <= 0) output = -1;  // closed; poll ignores it
  }
}

}  // namespace

std::string last_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  text.erase(0, text.rfind('\n') + 1);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c >= 0 && (c < 0x20 || c == 0x7f); }, '?');
  return text;
}

Result<ProgramEnd> run_timed(const TimedProgram& request) {
  const UniqueFd input = KATA_TRY(memory_file("input", request.input), "");
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return errno_error("make pipe", errno);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const Deadline deadline = request.timeout.count() == 0
                                ? Deadline::max()
                                : std::chrono::steady_clock::now() + request.timeout;
  // On a thread of its own, because the child starts in the namespaces of its parent's thread.
  const pid_t pid = KATA_TRY(
      std::async(std::launch::async, spawn, std::cref(request), input.get(), writer.get()).get(),
      "");
  writer.reset();
  const UniqueFd pidfd(detail::pidfd_open(pid));
  ProgramEnd end;
  const bool ended = follow(request, pidfd.get(), reader.get(), deadline, end.said);
  if (!ended) ::kill(-pid, SIGKILL);
  while (::waitpid(pid, &end.status, 0) < 0 && errno == EINTR) {
  }
  if (ended) return end;
  if (was_interrupted(request))
    return make_error(ErrorCode::kCancelled, "was killed on an interruption");
  const std::string words = last_line(std::move(end.said));
  return make_error(ErrorCode::kTimeout,
                    concat("was killed after its timeout of ", request.timeout.count(), " s",
                           words.empty() ? "" : ": ", words));
}

}  // namespace kata::sandbox
