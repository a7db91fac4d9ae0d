// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/systemd/groups.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "sandbox/host_cgroup.h"

namespace kata::fakes {

namespace {

namespace fs = std::filesystem;
using sandbox::CgroupMount;
using sandbox::Cgroups;

// Not cpuset, freezer and the like: in version 1 systemd leaves these to others.
bool is_of_systemd(const CgroupMount& mount) {
  constexpr const char* kNames[] = {"name=systemd", "cpu",     "cpuacct", "blkio",
                                    "memory",       "devices", "pids"};
  return mount.unified || std::any_of(std::begin(kNames), std::end(kNames), [&](const char* name) {
           return std::find(mount.controllers.begin(), mount.controllers.end(), name) !=
                  mount.controllers.end();
         });
}

std::vector<CgroupMount> mounts_of_systemd() {
  std::ifstream file("/proc/self/mountinfo");
  auto mounts = sandbox::cgroup_mounts({std::string(std::istreambuf_iterator<char>(file), {})});
  std::erase_if(mounts, [](const CgroupMount& mount) { return !is_of_systemd(mount); });
  return mounts;
}

void signal_processes(const std::vector<CgroupMount>& mounts, const std::string& path, int signal) {
  for (const CgroupMount& mount : mounts) {
    std::ifstream processes(mount.mount_point / fs::path(path).relative_path() / "cgroup.procs");
    for (pid_t pid = 0; processes >> pid;) ::kill(pid, signal);
  }
}

}  // namespace

Result<void> make_scope_group(const std::string& path, const std::vector<std::uint32_t>& pids) {
  const Cgroups cgroups(mounts_of_systemd());
  KATA_TRY(cgroups.make(path), "");
  for (const std::uint32_t pid : pids)
    KATA_TRY(cgroups.add_process(path, static_cast<std::int32_t>(pid)), "");
  return {};
}

Result<void> end_scope_group(const std::string& path) {
  const auto mounts = mounts_of_systemd();
  const Cgroups cgroups(mounts);
  signal_processes(mounts, path, SIGTERM);
  const auto now = [] { return std::chrono::steady_clock::now(); };
  auto removed = cgroups.remove(path, now() + std::chrono::seconds(2));
  if (!removed.ok()) {
    signal_processes(mounts, path, SIGKILL);
    removed = cgroups.remove(path, now() + std::chrono::seconds(2));
  }
  for (const CgroupMount& mount : mounts)
    for (fs::path slice = fs::path(path).parent_path(); slice.has_filename();
         slice = slice.parent_path())
      ::rmdir((mount.mount_point / slice.relative_path()).c_str());
  return removed;
}

}  // namespace kata::fakes
