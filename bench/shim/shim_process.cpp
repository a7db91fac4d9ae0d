// SPDX-License-Identifier: Apache-2.0
#include "bench/shim/shim_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include "kata/concat.h"
#include "kata/unix_socket.h"

namespace kata::bench {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kScheme = "unix://";

void require(bool good, const char* action) {
  if (!good) fail(errno_error(action, errno).message);
}

UniqueFd open_log(const fs::path& bundle) {
  const fs::path fifo = bundle / "log";
  require(::mkfifo(fifo.c_str(), 0600) == 0 || errno == EEXIST, "make the shim's log");
  UniqueFd log(::open(fifo.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  require(static_cast<bool>(log), "open the shim's log");
  return log;
}

std::string read_to_end(int fd) {
  std::string text;
  char part[512];
  for (ssize_t got = 0; (got = ::read(fd, part, sizeof part)) > 0;)
    text.append(part, static_cast<std::size_t>(got));
  return text;
}

// Standard output of a program that succeeds.
std::string output_of(std::vector<std::string> words, const fs::path& directory) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  int pipe[2];
  require(::pipe2(pipe, O_CLOEXEC) == 0, "make a pipe");
  const UniqueFd output(pipe[0]);
  UniqueFd theirs(pipe[1]);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_addchdir_np(&actions, directory.c_str());
  pid_t child = -1;
  const int failure = ::posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) fail(errno_error(concat("start '", words[0], "'"), failure).message);
  theirs.reset();
  std::string text = read_to_end(output.get());
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0) fail(concat("'", words[0], " start' failed"));
  return text;
}

// Of a process: its parent. 0: it has gone.
pid_t parent_of(pid_t pid) {
  std::ifstream file(concat("/proc/", pid, "/stat"));
  std::string text;
  std::getline(file, text);
  const std::size_t name_end = text.rfind(')');
  return name_end == std::string::npos ? 0 : std::atoi(text.c_str() + name_end + 4);
}

}  // namespace

ShimProcess::ShimProcess(const fs::path& program, const fs::path& bundle, const std::string& id)
    : log_(open_log(bundle)) {
  const std::string address =
      output_of({program, "-namespace", "bench", "-id", id, "-address", "/run/no-containerd.sock",
                 "-publish-binary", "/bin/true", "start"},
                bundle);
  if (!address.starts_with(kScheme)) fail(concat("a shim's address is '", address, "'"));
  socket_ = address.substr(kScheme.size());
}

TaskClient ShimProcess::connect() const { return TaskClient(Wire(must(connect_unix(socket_)))); }

pid_t descendant(pid_t ancestor, const std::string& name) {
  std::map<pid_t, pid_t> parents;
  for (const auto& entry : fs::directory_iterator("/proc"))
    if (const pid_t pid = std::atoi(entry.path().filename().c_str()); pid > 0)
      parents[pid] = parent_of(pid);
  for (const auto& [pid, parent] : parents) {
    std::error_code gone;
    if (fs::read_symlink(concat("/proc/", pid, "/exe"), gone).filename() != name) continue;
    for (pid_t at = pid; at > 1; at = parents[at])
      if (at == ancestor) return pid;
  }
  fail(concat("process ", ancestor, " has no ", name, " below it"));
}

}  // namespace kata::bench
