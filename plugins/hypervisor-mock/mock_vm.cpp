// SPDX-License-Identifier: Apache-2.0
//
// kata-mock-vm: stands for a VMM. Makes the guest's world, becomes the parent of its first process,
// which runs the agent, and ends with the agent's exit code. When it is killed, so is the guest.
//
//     kata-mock-vm AGENT STATE-DIRECTORY [CGROUP-DIRECTORY]…
//
// Descriptor 3 gets one line about what failed, or is closed once the agent runs. SIGTERM goes on
// to the agent; SIGQUIT ends the guest at once.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>

#include "guest_world.h"
#include "kata/child_process.h"
#include "kata/concat.h"

namespace {

using namespace kata;

constexpr int kReportFd = 3, kUsageError = 2;
// Where the agent has its containers, unless the sandbox's directory is there, too: a sandbox has
// the name of its first container.
constexpr const char *kAgentsRun = "/run/kata-containers", *kOtherRun = "/run/kata-agent";

std::atomic<pid_t> child{0};  // who SIGTERM goes on to

void pass_on(int signal) {
  if (const pid_t pid = child.load(); pid > 0) ::kill(pid, signal);
}

// So that the guest's first process is reaped by its parent, which a killed one cannot.
void end_guest(int /*signal*/) {
  if (child.load() <= 0) ::_exit(1);
  pass_on(SIGKILL);
}

void handle_signals() {
  struct sigaction action {};
  action.sa_handler = pass_on;
  ::sigaction(SIGTERM, &action, nullptr);
  action.sa_handler = end_guest;
  ::sigaction(SIGQUIT, &action, nullptr);
}

[[noreturn]] void fail(const Error& error) {
  const std::string line = error.message + "\n";
  if (::write(kReportFd, line.data(), line.size()) < 0)
    std::fprintf(stderr, "kata-mock-vm: %s\n", error.message.c_str());
  std::_Exit(1);
}

int code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

// Until `pid` ends; whatever else becomes a child of this process is reaped on the way.
int reap_until(pid_t pid) {
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, 0);
    if (ended == pid) return code_of(status);
    if (ended < 0 && errno != EINTR) return 1;
  }
}

Result<pid_t> start_agent(const char* agent, const std::filesystem::path& state_dir) {
  KATA_TRY(mock::mount_proc(state_dir / "cmdline"), "");
  SpawnRequest request;
  request.argv = {agent, "--server-addr", concat("unix://", state_dir / "agent.sock")};
  if (state_dir.parent_path().parent_path() == kAgentsRun)
    request.argv.insert(request.argv.end(), {"--run-dir", kOtherRun});
  request.descriptors = {{STDOUT_FILENO, 1}, {STDERR_FILENO, 2}};
  return KATA_TRY(ChildProcess::spawn(std::move(request)), "").pid();
}

// The first process of the guest.
[[noreturn]] void run_guest(const char* agent, const std::filesystem::path& state_dir) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  child = 0;
  auto pid = start_agent(agent, state_dir);
  if (!pid.ok()) fail(pid.error());
  child = pid.value();
  ::close(kReportFd);
  std::_Exit(reap_until(pid.value()));
}

int run(std::span<char* const> arguments) {
  const char* const agent = arguments[0];
  const std::filesystem::path state_dir = arguments[1];
  handle_signals();
  auto entered = mock::enter_guest_world(
      std::span<const char* const>(arguments.data() + 2, arguments.size() - 2), state_dir);
  if (!entered.ok()) fail(entered.error());
  const pid_t pid = ::fork();
  if (pid < 0) fail(errno_error("fork", errno));
  if (pid == 0) run_guest(agent, state_dir);
  child = pid;
  ::close(kReportFd);
  return reap_until(pid);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc >= 3) return run({argv + 1, static_cast<std::size_t>(argc - 1)});
  std::fputs(
      "usage: kata-mock-vm AGENT STATE-DIRECTORY [CGROUP-DIRECTORY]...\n"
      "The plugin hypervisor-mock starts it.\n",
      stderr);
  return kUsageError;
}
