// SPDX-License-Identifier: Apache-2.0
//
// The way into a container where "/" is the initramfs: nothing with the right to chroot or to join
// its own mount namespace again comes out.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/container/mount_tree.h"
#include "agent/container/rootfs.h"
#include "fixture.h"

namespace kata::agent::test {
namespace {

// Exit codes of the child: 0 stayed inside, 1 came out, above 9 a step failed.
int in_moved_root(const fs::path& rootfs, int (*attempt)(int own_namespace)) {
  const pid_t pid = ::fork();
  if (pid != 0) return wait_for(pid);
  if (::unshare(CLONE_NEWNS) != 0) ::_exit(10);
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) ::_exit(11);
  const int own = ::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
  auto tree = clone_tree(rootfs, true);
  const int target = ::open(rootfs.c_str(), O_PATH | O_CLOEXEC);
  if (!tree.ok() || !attach_tree(tree.value().get(), target).ok()) ::_exit(12);
  if (!enter_rootfs_by_move(tree.value().get()).ok()) ::_exit(13);
  if (::access("/inside", F_OK) != 0) ::_exit(14);
  ::_exit(attempt(own));
}

int is_outside() { return ::access("/inside", F_OK) == 0 ? 0 : 1; }

}  // namespace

TEST_CASE("after the move a second chroot does not lead out") {
  Container box;
  write_text(box.rootfs() / "inside", "");
  CHECK(in_moved_root(box.rootfs(), [](int) {
          if (::mkdir("/jail", 0755) != 0 || ::chroot("/jail") != 0) return 20;
          for (int step = 0; step < 64; ++step)
            if (::chdir("..") != 0) return 21;
          return ::chroot(".") != 0 ? 22 : is_outside();
        }) == 0);
}

TEST_CASE("after the move joining the own mount namespace does not lead out") {
  Container box;
  write_text(box.rootfs() / "inside", "");
  CHECK(in_moved_root(box.rootfs(), [](int own) {
          return ::setns(own, CLONE_NEWNS) != 0 ? 20 : is_outside();
        }) == 0);
}

TEST_CASE("after the move no mount of the old root is left but the root itself") {
  Container box;
  write_text(box.rootfs() / "inside", "");
  fs::create_directories(box.rootfs() / "proc");
  CHECK(in_moved_root(box.rootfs(), [](int) {
          if (::mount("proc", "/proc", "proc", 0, nullptr) != 0) return 20;
          // mountinfo lists only what is reachable from the root: the container's and its proc.
          return mount_lines().size() == 2 ? 0 : 1;
        }) == 0);
}

TEST_CASE("after the move a mount on a file of the old root is gone too") {
  Container box;
  write_text(box.rootfs() / "inside", "");
  fs::create_directories(box.rootfs() / "proc");
  const fs::path file = box.paths().bundle / "file";
  write_text(file, "");
  REQUIRE(::mount("/etc/hostname", file.c_str(), nullptr, MS_BIND, nullptr) == 0);
  CHECK(in_moved_root(box.rootfs(), [](int) {
          if (::mount("proc", "/proc", "proc", 0, nullptr) != 0) return 20;
          return mount_lines().size() == 2 ? 0 : 1;
        }) == 0);
  CHECK(::umount(file.c_str()) == 0);
}

}  // namespace kata::agent::test
