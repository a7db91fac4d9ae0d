// SPDX-License-Identifier: Apache-2.0
#include "bench/agent/subject.h"

#include <signal.h>
#include <stdlib.h>
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

std::vector<std::string> agent_command(const fs::path& program, const fs::path& socket) {
  ::setenv("KATA_AGENT_SERVER_ADDR", concat("unix://", socket).c_str(), 1);
  return {program};
}

}  // namespace

Subject::Subject(std::vector<std::string> argv, fs::path socket) : socket_(std::move(socket)) {
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
    : Subject(agent_command(program, world.directory / name), world.directory / name) {}

fs::path our_agent() { return KATA_AGENT; }

std::optional<fs::path> peer_agent() {
  const char* path = ::getenv("PEER_AGENT");
  if (path == nullptr || *path == '\0') return std::nullopt;
  if (::access(path, X_OK) != 0) fail(concat("PEER_AGENT=", path, " is not a program"));
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
