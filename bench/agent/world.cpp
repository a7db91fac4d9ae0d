// SPDX-License-Identifier: Apache-2.0
#include "bench/agent/world.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "bench/agent/fail.h"
#include "kata/concat.h"

namespace kata::bench {
namespace {

namespace fs = std::filesystem;

void require(bool good, const char* action) {
  if (!good) fail(errno_error(action, errno).message);
}

// The caller keeps its own mounts, so that it can remove a directory that has some of these in it.
void furnish() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  require(::unshare(CLONE_NEWNS) == 0, "make a mount namespace");
  require(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "make mounts private");
  require(::mount("proc", "/proc", "proc", 0, nullptr) == 0, "mount /proc");
  require(::mount("tmpfs", "/run", "tmpfs", 0, "mode=755") == 0, "mount /run");
  if (::umount2("/sys/fs/cgroup/unified", MNT_DETACH) != 0 && errno != EINVAL && errno != ENOENT)
    fail(errno_error("unmount /sys/fs/cgroup/unified", errno).message);
}

void remove_below(const fs::path& group) {
  std::error_code ignored;
  std::vector<fs::path> children;
  for (const auto& entry : fs::directory_iterator(group, ignored))
    if (entry.is_directory(ignored)) children.push_back(entry.path());
  for (const fs::path& child : children) remove_below(child);
  ::rmdir(group.c_str());
}

// Every process in them is dead by now.
void remove_cgroups(const std::string& name) {
  std::error_code ignored;
  const fs::path root = "/sys/fs/cgroup";
  remove_below(root / name);
  for (const auto& hierarchy : fs::directory_iterator(root, ignored))
    if (fs::exists(hierarchy.path() / name, ignored)) remove_below(hierarchy.path() / name);
}

volatile sig_atomic_t first_process = 0;  // pid 1 of the world

// The world ends, and the caller goes on to remove what is left of it.
void end_world(int) { ::kill(first_process, SIGKILL); }

}  // namespace

int in_throw_away_world(const std::function<int(const World&)>& bench) {
  char directory[] = "/tmp/kata-bench.XXXXXX";
  require(::mkdtemp(directory) != nullptr, "make a directory in /tmp");
  const std::string cgroup = concat("kata-bench-", ::getpid());
  require(::unshare(CLONE_NEWPID | CLONE_NEWNET) == 0, "make namespaces (needs root)");
  const pid_t pid = ::fork();
  require(pid >= 0, "fork");
  if (pid == 0) {
    furnish();
    std::exit(bench(World{directory, "/" + cgroup}));
  }
  first_process = pid;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::signal(signal, end_world);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  remove_cgroups(cgroup);
  std::error_code ignored;
  fs::remove_all(directory, ignored);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace kata::bench
