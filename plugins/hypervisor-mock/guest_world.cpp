// SPDX-License-Identifier: Apache-2.0
#include "guest_world.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "kata/concat.h"
#include "kata/unique_fd.h"

namespace kata::mock {

namespace {

namespace fs = std::filesystem;

constexpr const char* kCgroupRoot = "/sys/fs/cgroup";
constexpr unsigned long kStrict = MS_NOSUID | MS_NODEV | MS_NOEXEC;

Result<void> mount_one(const char* source, const std::string& target, const char* type,
                       unsigned long flags, const char* data) {
  if (::mount(source, target.c_str(), type, flags, data) == 0) return {};
  return errno_error(concat("mount ", type == nullptr ? source : type, " on '", target, "'"),
                     errno);
}

Result<void> enter_cgroup(const fs::path& directory) {
  const fs::path file = directory / "cgroup.procs";
  const UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd || ::write(fd.get(), "0", 1) != 1)
    return errno_error(concat("enter control group '", directory, "'"), errno);
  return {};
}

// A new /run with the directory of the sandbox, into which the host's mounts still come. The old
// one goes: what the host mounts for the sandbox would come in there a second time.
Result<void> make_run(const fs::path& sandbox) {
  const UniqueFd kept(
      ::open_tree(AT_FDCWD, sandbox.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE));
  if (!kept) return errno_error(concat("copy the mounts of '", sandbox, "'"), errno);
  if (::umount2("/run", MNT_DETACH | UMOUNT_NOFOLLOW) != 0 && errno != EINVAL)  // no mount
    return errno_error("unmount the host's '/run'", errno);
  KATA_TRY(mount_one("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755"), "");
  if (!sandbox.native().starts_with("/run/")) return {};
  std::error_code failure;
  fs::create_directories(sandbox, failure);
  if (failure) return errno_error(concat("make '", sandbox, "'"), failure.value());
  if (::move_mount(kept.get(), "", AT_FDCWD, sandbox.c_str(), MOVE_MOUNT_F_EMPTY_PATH) == 0)
    return {};
  return errno_error(concat("mount '", sandbox, "' in the new /run"), errno);
}

// Version 1: each hierarchy that this process is in by a controller, seen from its own group.
Result<void> mount_cgroups_v1() {
  KATA_TRY(mount_one("tmpfs", kCgroupRoot, "tmpfs", kStrict, "mode=0755"), "");
  std::ifstream lines("/proc/self/cgroup");
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos || second == first + 1) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (controllers.starts_with("name=")) continue;
    const std::string target = concat(kCgroupRoot, "/", controllers);
    std::error_code failure;
    fs::create_directory(target, failure);
    KATA_TRY(mount_one("cgroup", target, "cgroup", kStrict, controllers.c_str()), "");
  }
  return {};
}

Result<void> mount_cgroups() {
  std::error_code ignored;
  if (fs::exists(concat(kCgroupRoot, "/cgroup.controllers"), ignored))
    return mount_one("cgroup2", kCgroupRoot, "cgroup2", kStrict, nullptr);
  return mount_cgroups_v1();
}

Result<void> raise_loopback() {
  const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return errno_error("open a socket to raise 'lo'", errno);
  ifreq request{};
  std::string_view("lo").copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_flags = IFF_UP;
  if (::ioctl(fd.get(), SIOCSIFFLAGS, &request) != 0) return errno_error("raise 'lo'", errno);
  return {};
}

}  // namespace

Result<void> enter_guest_world(std::span<const char* const> cgroups, const fs::path& state_dir) {
  for (const char* const directory : cgroups) KATA_TRY(enter_cgroup(directory), "");
  constexpr int kNamespaces =
      CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP | CLONE_NEWPID;
  if (::unshare(kNamespaces) != 0) return errno_error("make namespaces", errno);
  // The host's mounts come in, for what is shared later; none of the guest's goes out.
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0)
    return errno_error("keep mounts to itself", errno);
  KATA_TRY(make_run(state_dir.parent_path()), "");
  KATA_TRY(mount_cgroups(), "");
  return raise_loopback();
}

Result<void> mount_proc(const fs::path& command_line) {
  KATA_TRY(mount_one("proc", "/proc", "proc", kStrict, nullptr), "");
  return mount_one(command_line.c_str(), "/proc/cmdline", nullptr, MS_BIND, nullptr);
}

}  // namespace kata::mock
