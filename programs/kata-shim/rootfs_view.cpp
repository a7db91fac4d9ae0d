// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-shim/rootfs_view.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kata/beneath.h"
#include "kata/concat.h"

namespace kata::shim {
namespace {

constexpr std::size_t kLongestView = 4U << 20;  // bytes

// A copy of what is mounted at `path` and below, attached nowhere yet.
Result<UniqueFd> copy_tree(const std::string& path, bool read_only) {
  UniqueFd tree(
      ::open_tree(AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE));
  if (!tree) return errno_error(concat("copy the mount at '", path, "'"), errno);
  mount_attr request{};
  request.propagation = MS_PRIVATE;
  if (read_only) request.attr_set = MOUNT_ATTR_RDONLY;
  if (::mount_setattr(tree.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &request, sizeof request) != 0)
    return errno_error(concat("change the copied mount of '", path, "'"), errno);
  return tree;
}

Result<void> attach(int tree, int target, const std::string& name) {
  if (::move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0)
    return {};
  return errno_error(concat("mount on '", name, "'"), errno);
}

bool is_directory(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
}

Result<void> attach_bind(int root, const ShimBind& bind) {
  const auto target = open_in_root(root, bind.target, O_PATH);
  if (!target.ok()) return {};
  const UniqueFd source = KATA_TRY(copy_tree(bind.source, bind.read_only), "");
  if (is_directory(source.get()) != is_directory(target.value().get())) return {};
  return attach(source.get(), target.value().get(), bind.target);
}

// "/" becomes the mount at `root`; what was mounted before goes.
Result<void> change_root(int root) {
  if (::fchdir(root) != 0) return errno_error("change to the rootfs", errno);
  if (::syscall(SYS_pivot_root, ".", ".") != 0) return errno_error("pivot_root", errno);
  if (::umount2(".", MNT_DETACH) != 0) return errno_error("unmount the host's root", errno);
  if (::chdir("/") != 0) return errno_error("change to '/'", errno);
  return {};
}

}  // namespace

Result<ShimView> read_view(int fd) {
  std::string text;
  char block[4096];
  ssize_t got;
  while ((got = ::pread(fd, block, sizeof block, static_cast<off_t>(text.size()))) > 0) {
    text.append(block, static_cast<std::size_t>(got));
    if (text.size() > kLongestView) break;
  }
  if (got < 0) return errno_error("read the view of the rootfs", errno);
  return decode_view(text);
}

Result<void> enter_view(const ShimView& view) {
  if (::unshare(CLONE_NEWNS) != 0) return errno_error("make a mount namespace", errno);
  if (::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return errno_error("make mounts private", errno);
  const UniqueFd tree = KATA_TRY(copy_tree(view.rootfs, view.read_only), "");
  const UniqueFd place(::open(view.rootfs.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!place) return errno_error(concat("open '", view.rootfs, "'"), errno);
  KATA_TRY(attach(tree.get(), place.get(), view.rootfs), "");
  for (const ShimBind& bind : view.binds) KATA_TRY(attach_bind(tree.get(), bind), "");
  return change_root(tree.get());
}

}  // namespace kata::shim
