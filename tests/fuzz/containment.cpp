// SPDX-License-Identifier: Apache-2.0
#include "containment.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <string>

namespace kata::fuzz {
namespace {

constexpr unsigned kNobody = 65534;

void require(bool held, const char* what) {
  if (held) return;
  ::fprintf(stderr, "contain the fuzz target: %s: %s\n", what, ::strerror(errno));
  ::abort();
}

void write_file(const char* path, const std::string& text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  require(fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()),
          path);
  ::close(fd);
}

void enter_namespaces() {
  if (::geteuid() == 0)
    require(
        ::setresgid(kNobody, kNobody, kNobody) == 0 && ::setresuid(kNobody, kNobody, kNobody) == 0,
        "become nobody");
  require(::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0, "keep /proc/self");
  const unsigned user = ::geteuid(), group = ::getegid();
  require(::unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) == 0,
          "make namespaces");
  write_file("/proc/self/setgroups", "deny");
  write_file("/proc/self/uid_map", "0 " + std::to_string(user) + " 1");
  write_file("/proc/self/gid_map", "0 " + std::to_string(group) + " 1");
}

void hide_files() {
  mount_attr read_only{};
  read_only.attr_set = MOUNT_ATTR_RDONLY;
  mount_attr writable{};
  writable.attr_clr = MOUNT_ATTR_RDONLY;
  // By descriptor: nobody may not be let into the directories above.
  const int here = ::open_tree(AT_FDCWD, ".", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  require(here >= 0, "copy the mount of the working directory");
  require(::move_mount(here, "", AT_FDCWD, ".", MOVE_MOUNT_F_EMPTY_PATH) == 0,
          "mount the working directory");
  require(::mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &read_only, sizeof read_only) == 0,
          "make the mounts read-only");
  require(::mount_setattr(here, "", AT_EMPTY_PATH, &writable, sizeof writable) == 0,
          "make the working directory writable");
  require(::mount("fuzz", "/run", "tmpfs", 0, "size=16m") == 0, "/run");
  require(::fchdir(here) == 0, "enter the working directory");
  ::close(here);
}

void add(scmp_filter_ctx filter, std::uint32_t action, const char* call) {
  const int failed = ::seccomp_rule_add(filter, action, ::seccomp_syscall_resolve_name(call), 0);
  errno = -failed;
  require(failed == 0, call);
}

void filter_system_calls() {
  const scmp_filter_ctx filter = ::seccomp_init(SCMP_ACT_ALLOW);
  require(filter != nullptr, "seccomp_init");
  for (const char* call :
       {"mount", "umount2", "mount_setattr", "move_mount", "pivot_root", "chown", "fchown",
        "fchownat", "lchown", "kill", "pidfd_send_signal", "swapon", "swapoff", "settimeofday",
        "clock_settime", "init_module", "finit_module", "delete_module"})
    add(filter, SCMP_ACT_ERRNO(0), call);
  for (const char* call : {"open_tree", "fsopen", "fsmount", "fspick", "execve", "execveat",
                           "reboot", "mknod", "mknodat", "bpf", "chroot"})
    add(filter, SCMP_ACT_ERRNO(EPERM), call);
  for (const char* call : {"clone3", "fork", "vfork"}) add(filter, SCMP_ACT_ERRNO(ENOSYS), call);
  // Threads are made by clone with CLONE_VM; without it the call would make a process.
  const int failed = ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                                        SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_VM, 0));
  errno = -failed;
  require(failed == 0, "clone");
  require(::seccomp_load(filter) == 0, "seccomp_load");
  ::seccomp_release(filter);
}

}  // namespace

void contain() {
  enter_namespaces();
  hide_files();
  filter_system_calls();
}

}  // namespace kata::fuzz
