// SPDX-License-Identifier: Apache-2.0
#include "bench/agent/subject.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

#include <fstream>

#include "kata/concat.h"
#include "kata/unix_socket.h"

namespace kata::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kPatience{10};
constexpr useconds_t kRetryStep =
    20;  // microseconds: a part of the shortest start that is measured

void require(bool good, const char* action) {
  if (!good) fail(errno_error(action, errno).message);
}

// A /run of its own for the program that is started while it lives: every agent keeps its
// containers in the same place, and Kata's own empties it first.
class OwnRun {
 public:
  OwnRun() : mounts_(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC)) {
    require(static_cast<bool>(mounts_), "open the mount namespace");
    require(::unshare(CLONE_NEWNS) == 0, "make a mount namespace");
    require(::mount("tmpfs", "/run", "tmpfs", 0, "mode=755") == 0, "mount /run");
  }
  OwnRun(const OwnRun&) = delete;
  OwnRun& operator=(const OwnRun&) = delete;
  ~OwnRun() { require(::setns(mounts_.get(), CLONE_NEWNS) == 0, "leave the mount namespace"); }

 private:
  UniqueFd mounts_;
};

std::vector<std::string> agent_command(const fs::path& program, const fs::path& socket) {
  ::setenv("KATA_AGENT_SERVER_ADDR", concat("unix://", socket).c_str(), 1);
  return {program};
}

}  // namespace

Subject::Subject(std::vector<std::string> argv, fs::path socket, RunDirectory run)
    : socket_(std::move(socket)) {
  std::optional<OwnRun> own_run;
  if (run == RunDirectory::kOwn) own_run.emplace();
  SpawnRequest request;
  request.argv = std::move(argv);
  const UniqueFd log(
      ::open((socket_.string() + ".log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  request.descriptors = {{log.get(), 1}, {log.get(), 2}};
  child_ = must(ChildProcess::spawn(std::move(request)));
}

Subject::~Subject() {
  (void)child_.terminate(SIGTERM, std::chrono::steady_clock::now() + kPatience);
  std::error_code ignored;
  fs::remove(socket_, ignored);
}

Wire Subject::connect() const {
  const Deadline deadline = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    auto connected = connect_unix(socket_);
    if (connected.ok()) return Wire(connected.take());
    if (std::chrono::steady_clock::now() >= deadline) fail(connected.error().message);
    ::usleep(kRetryStep);
  }
}

Agent::Agent(const fs::path& program, const World& world, const std::string& name)
    : Subject(agent_command(program, world.directory / name), world.directory / name,
              peer_agent() ? RunDirectory::kOwn : RunDirectory::kShared) {}

fs::path our_agent() { return KATA_AGENT; }

std::optional<fs::path> peer_agent() {
  const char* path = ::getenv("PEER_AGENT");
  if (path == nullptr || *path == '\0') return std::nullopt;
  if (*path != '/' || ::access(path, X_OK) != 0)
    fail(concat("PEER_AGENT=", path, ": expected the absolute path of a program"));
  return path;
}

std::optional<fs::path> go_echo() {
  const fs::path path = KATA_GO_ECHO;
  if (path.empty()) return std::nullopt;
  return path;
}

Memory memory_of(pid_t pid) {
  std::ifstream file(concat("/proc/", pid, "/smaps_rollup"));
  Memory memory;
  for (std::string line; std::getline(file, line);) {
    const double value = std::atof(line.c_str() + line.find(':') + 1);
    if (line.starts_with("Rss:")) memory.resident = value;
    if (line.starts_with("Anonymous:")) memory.anonymous = value;
    if (line.starts_with("Private_Dirty:")) memory.private_dirty = value;
  }
  if (memory.resident == 0) fail(concat("/proc/", pid, "/smaps_rollup tells nothing"));
  return memory;
}

}  // namespace kata::bench
