// SPDX-License-Identifier: Apache-2.0
#include "agent/container/mount_seed.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/container/child.h"
#include "agent/container/mount_tree.h"
#include "agent/container/rootfs.h"
#include "kata/beneath.h"
#include "kata/concat.h"

namespace kata::agent {
namespace {

Result<void> attach_beneath(int root, const char* path, const UniqueFd& tree) {
  const UniqueFd target = KATA_TRY(open_beneath(root, path, O_PATH), "");
  KATA_TRY(attach_tree(tree.get(), target.get()), concat("'/", path, "'"));
  return {};
}

Result<UniqueFd> empty_root() {
  UniqueFd root = KATA_TRY(new_filesystem("tmpfs", "kata", {"size=4k", "mode=755"}), "");
  for (const char* directory : {kSeedRootfs + 1, "proc", "dev"})
    if (::mkdirat(root.get(), directory, 0755) != 0)
      return errno_error(concat("make directory '/", directory, "'"), errno);
  const UniqueFd null(::openat(root.get(), "dev/null", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  if (!null) return errno_error("make file '/dev/null'", errno);
  return root;
}

// In a namespace that is a copy of the agent's.
Result<void> build(const std::filesystem::path& place) {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return errno_error("keep mounts to the namespace", errno);
  const UniqueFd proc = KATA_TRY(clone_tree("/proc", false), "");
  const UniqueFd null = KATA_TRY(clone_tree("/dev/null", false), "");
  const UniqueFd root = KATA_TRY(empty_root(), "");
  const UniqueFd target(::open(place.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!target) return errno_error(concat("open '", place, "'"), errno);
  KATA_TRY(attach_tree(root.get(), target.get()), "");
  KATA_TRY(attach_beneath(root.get(), "proc", proc), "");
  KATA_TRY(attach_beneath(root.get(), "dev/null", null), "");
  KATA_TRY(set_attributes(root.get(), {MOUNT_ATTR_RDONLY, 0}, false), "");
  return enter_rootfs(root.get());
}

[[noreturn]] void run_child(const std::filesystem::path& place, Pipe& status, Pipe& gate) {
  gate.write.reset();
  if (const auto built = build(place); !built.ok()) {
    report_failure(status.write.get(), built.error());
    ::_exit(1);
  }
  report_ready(status.write.get());
  wait_for_release(gate.read.get());
  ::_exit(0);
}

Result<UniqueFd> open_of_child(pid_t pid, int status) {
  if (KATA_TRY(read_report(status), "") != ChildState::kReady)
    return make_error(ErrorCode::kUnavailable, "its process was killed");
  const std::string path = concat("/proc/", pid, "/ns/mnt");
  UniqueFd seed(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!seed) return errno_error(concat("open '", path, "'"), errno);
  return seed;
}

}  // namespace

Result<UniqueFd> make_mount_seed(const std::filesystem::path& place) {
  Pipe status = KATA_TRY(make_status(), "");
  Pipe gate = KATA_TRY(make_pipe(), "");
  const pid_t pid = KATA_TRY(clone_child(CLONE_NEWNS), "");
  if (pid == 0) run_child(place, status, gate);
  status.write.reset();
  auto seed = open_of_child(pid, status.read.get());
  discard_child(pid);
  return KATA_TRY(std::move(seed), "make the mount namespace that containers start from");
}

}  // namespace kata::agent
