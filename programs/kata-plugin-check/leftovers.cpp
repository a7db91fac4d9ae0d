// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-plugin-check/leftovers.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>

#include "kata/concat.h"

namespace kata::check {

namespace fs = std::filesystem;

// Of all threads; zombies too.
std::vector<pid_t> children_of_this_process() {
  std::vector<pid_t> children;
  std::error_code ignored;
  for (const auto& thread : fs::directory_iterator("/proc/self/task", ignored)) {
    std::ifstream file(thread.path() / "children");
    for (pid_t pid = 0; file >> pid;) children.push_back(pid);
  }
  return children;
}

std::size_t open_descriptors() {
  std::error_code ignored;
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator("/proc/self/fd", ignored), {}));
}

std::vector<std::string> mounts_below(const fs::path& directory) {
  std::vector<std::string> points;
  std::ifstream table("/proc/self/mountinfo");
  for (std::string line; std::getline(table, line);) {
    std::istringstream words(line);
    std::string skipped, point;
    words >> skipped >> skipped >> skipped >> skipped >> point;
    if (point.starts_with(concat(directory, "/"))) points.push_back(point);
  }
  return points;
}

void reap_the_dead() {
  siginfo_t info{};
  while (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG) == 0 && info.si_pid != 0) info = {};
}

void end_children() {
  for (;;) {
    for (const pid_t pid : children_of_this_process()) ::kill(pid, SIGKILL);
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED) != 0 && errno != EINTR) return;
  }
}

}  // namespace kata::check
