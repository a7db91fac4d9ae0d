// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <vector>

#include "agent/container/mount_tree.h"
#include "agent/container/rootfs.h"
#include "core/base/files.h"
#include "kata/beneath.h"
#include "kata/concat.h"

namespace kata::agent {
namespace {

struct MountLine {
  std::uint64_t id = 0, parent = 0;
  std::string path{};
};

Result<std::uint64_t> mount_id(int fd) {
  struct statx found {};
  if (::statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &found) != 0)
    return errno_error("ask for a mount's id", errno);
  return std::uint64_t{found.stx_mnt_id};
}

// "\040" and its like stand for space, tab, newline and backslash.
std::string unescape(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    unsigned letter = 0;
    const char* digits = text.data() + at + 1;
    if (text[at] == '\\' && at + 3 < text.size() &&
        std::from_chars(digits, digits + 3, letter, 8).ptr == digits + 3) {
      result.push_back(static_cast<char>(letter));
      at += 3;
    } else {
      result.push_back(text[at]);
    }
  }
  return result;
}

// "36 35 98:0 /mnt1 /mnt2 rw,noatime …": id, parent, device, root, mount point.
MountLine parse_mount_line(std::string_view line) {
  std::string_view fields[5];
  for (auto& field : fields) {
    const std::size_t space = line.find(' ');
    field = line.substr(0, space);
    line.remove_prefix(space == std::string_view::npos ? line.size() : space + 1);
  }
  MountLine mount;
  std::from_chars(fields[0].data(), fields[0].data() + fields[0].size(), mount.id);
  std::from_chars(fields[1].data(), fields[1].data() + fields[1].size(), mount.parent);
  mount.path = unescape(fields[4]);
  return mount;
}

// The mounts directly on "/", but not the new root.
Result<std::vector<UniqueFd>> mounts_on_root(int old_root, int new_root) {
  const auto old_id = KATA_TRY(mount_id(old_root), "");
  const auto new_id = KATA_TRY(mount_id(new_root), "");
  const std::string text = KATA_TRY(read_file("/proc/self/mountinfo"), "");
  std::vector<UniqueFd> mounts;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const MountLine line = parse_mount_line(std::string_view(text).substr(at, end - at));
    at = end + 1;
    if (line.parent != old_id || line.id == old_id || line.id == new_id) continue;
    UniqueFd mount(::open(line.path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (mount) mounts.push_back(std::move(mount));
  }
  return mounts;
}

// A file cannot be entered to unmount it, so it goes while /proc can still name it.
Result<void> detach_files(std::vector<UniqueFd>& mounts) {
  for (UniqueFd& mount : mounts) {
    struct stat found {};
    if (::fstat(mount.get(), &found) != 0) return errno_error("look at a mount", errno);
    if (S_ISDIR(found.st_mode)) continue;
    if (::umount2(fd_path(mount.get()).c_str(), MNT_DETACH) != 0 && errno != EINVAL)
      return errno_error("detach a mount on a file", errno);
    mount.reset();
  }
  std::erase_if(mounts, [](const UniqueFd& mount) { return !mount; });
  return {};
}

Result<void> detach_old_root(int old_root) {
  if (::fchdir(old_root) != 0) return errno_error("go to the old root", errno);
  if (::mount(nullptr, ".", nullptr, MS_SLAVE | MS_REC, nullptr) != 0)
    return errno_error("keep the unmounting in the namespace", errno);
  if (::umount2(".", MNT_DETACH) != 0) return errno_error("unmount the old root", errno);
  if (::chdir("/") != 0) return errno_error("go to the new root", errno);
  return {};
}

}  // namespace

Result<void> enter_rootfs_by_move(int root) {
  const UniqueFd old_root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!old_root) return errno_error("open '/'", errno);
  auto others = KATA_TRY(mounts_on_root(old_root.get(), root), "list mounts");
  KATA_TRY(detach_files(others), "");
  if (::fchdir(root) != 0) return errno_error("go to the rootfs", errno);
  if (::mount(".", "/", nullptr, MS_MOVE, nullptr) != 0)
    return errno_error("move the rootfs to '/'", errno);
  if (::chroot(".") != 0) return errno_error("chroot to the rootfs", errno);
  for (const UniqueFd& mount : others)  // in a user namespace the kernel has locked them: EINVAL
    if (auto gone = detach_mount(mount.get()); !gone.ok() && gone.error().sys_errno != EINVAL)
      return gone;
  if (::chdir("/") != 0) return errno_error("go to '/'", errno);
  return {};
}

Result<void> enter_rootfs(int root) {
  const UniqueFd old_root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!old_root) return errno_error("open '/'", errno);
  if (::fchdir(root) != 0) return errno_error("go to the rootfs", errno);
  if (::syscall(SYS_pivot_root, ".", ".") == 0) return detach_old_root(old_root.get());
  if (errno == EINVAL) return enter_rootfs_by_move(root);
  return errno_error("pivot_root", errno);
}

}  // namespace kata::agent
