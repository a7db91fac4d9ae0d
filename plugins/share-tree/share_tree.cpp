// SPDX-License-Identifier: Apache-2.0
#include "share_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "kata/beneath.h"
#include "kata/concat.h"
#include "mount_table.h"

namespace kata::share {

namespace {

constexpr const char* kMountsDirectory = "mounts";
constexpr std::uint64_t kHarmless = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID;
constexpr mode_t kDirectoryMode = 0755;  // below state_dir, which is 0700; the guest sees this mode

Result<UniqueFd> open_state(const std::filesystem::path& state_dir) {
  UniqueFd fd(::open(state_dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return errno_error(concat("open '", state_dir, "'"), errno);
  return fd;
}

Result<void> check_share_id(std::string_view id) {
  const bool characters = id.find_first_not_of(
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                              "_.-") == std::string_view::npos;
  if (characters && !id.empty() && id.size() <= NAME_MAX && id != "." && id != "..") return {};
  return make_error(ErrorCode::kInvalidArgument,
                    concat("share id '", id, "': must be 1 to ", NAME_MAX,
                           " characters of [A-Za-z0-9_.-], and not '.' or '..'"));
}

// A copy of the mount at `fd`, and with `recursive` of those below it, attached nowhere yet.
Result<UniqueFd> copy_mount(int fd, bool recursive) {
  const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH |
                         (recursive ? static_cast<unsigned>(AT_RECURSIVE) : 0U);
  UniqueFd tree(::open_tree(fd, "", flags));
  if (!tree) return errno_error("copy the mount", errno);
  return tree;
}

Result<void> change_mount(int tree, std::uint64_t attributes, std::uint64_t propagation,
                          bool recursive) {
  mount_attr request{};
  request.attr_set = attributes;
  request.propagation = propagation;
  const int flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
  if (::mount_setattr(tree, "", static_cast<unsigned>(flags), &request, sizeof request) == 0)
    return {};
  return errno_error("set the mount's attributes", errno);
}

Result<void> attach_mount(int tree, int target) {
  if (::move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0)
    return {};
  return errno_error("attach the mount", errno);
}

Result<bool> is_mount_root(int fd) {
  struct statx info {};
  if (::statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_TYPE, &info) != 0)
    return errno_error("look at a mount point", errno);
  return (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

// Detaches every mount that is stacked on `name` below `directory`. A link or nothing at all in
// its place is no mount of ours.
Result<void> detach(int directory, const std::filesystem::path& name) {
  for (;;) {
    auto fd = open_beneath(directory, name, O_PATH | O_NOFOLLOW);
    if (!fd.ok()) {
      const int number = fd.error().sys_errno;
      if (number == ENOENT || number == ELOOP || number == ENOTDIR) return {};
      return std::move(fd).error();
    }
    if (!KATA_TRY(is_mount_root(fd.value().get()), "")) return {};
    // The descriptor's own name is the only link on this path, and it cannot be replaced.
    if (::umount2(fd_path(fd.value().get()).c_str(), MNT_DETACH) != 0)
      return errno_error(concat("unmount '", name, "'"), errno);
  }
}

Result<UniqueFd> make_directory(int state, const char* name) {
  if (::mkdirat(state, name, kDirectoryMode) != 0)
    return errno_error(concat("make directory '", name, "'"), errno);
  return open_beneath(state, name, O_PATH | O_DIRECTORY);
}

// Makes mounts/ a mount of its own, shared, so that later binds propagate to its slaves.
Result<UniqueFd> make_mounts(int state) {
  const UniqueFd directory = KATA_TRY(make_directory(state, kMountsDirectory), "");
  const UniqueFd tree = KATA_TRY(copy_mount(directory.get(), false), "");
  KATA_TRY(change_mount(tree.get(), kHarmless, MS_PRIVATE, false), "");
  KATA_TRY(attach_mount(tree.get(), directory.get()), "");
  KATA_TRY(change_mount(tree.get(), 0, MS_SHARED, false), "");
  return open_beneath(state, kMountsDirectory, O_PATH | O_DIRECTORY);
}

Result<void> make_export(int state, int mounts) {
  const UniqueFd directory =
      KATA_TRY(make_directory(state, std::string(kExportDirectory).c_str()), "");
  const UniqueFd tree = KATA_TRY(copy_mount(mounts, false), "");
  KATA_TRY(change_mount(tree.get(), kHarmless | MOUNT_ATTR_RDONLY, MS_SLAVE, false), "");
  return attach_mount(tree.get(), directory.get());
}

// The file or directory to share. Its name was resolved by the caller, so that a link in it now
// was planted since.
Result<UniqueFd> open_source(const std::filesystem::path& host_path, mode_t& type) {
  if (!host_path.is_absolute())
    return make_error(ErrorCode::kInvalidArgument,
                      concat("host path '", host_path, "': must be absolute"));
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  UniqueFd fd(
      static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, host_path.c_str(), &how, sizeof how)));
  if (!fd && errno == ELOOP)
    return make_error(ErrorCode::kInvalidArgument,
                      concat("host path '", host_path,
                             "': has a symbolic link in it; give the path it leads to"));
  if (!fd) return errno_error(concat("open host path '", host_path, "'"), errno);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0)
    return errno_error(concat("look at host path '", host_path, "'"), errno);
  type = info.st_mode & S_IFMT;
  if (type == S_IFDIR || type == S_IFREG) return fd;
  return make_error(ErrorCode::kInvalidArgument,
                    concat("host path '", host_path,
                           "': only a directory or a regular file can be shared with a guest"));
}

Result<UniqueFd> make_target(int mounts, const std::string& id, mode_t type) {
  int made = 0;
  if (type == S_IFDIR) {
    made = ::mkdirat(mounts, id.c_str(), kDirectoryMode);
  } else {
    made = ::openat(mounts, id.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (made >= 0) ::close(made);
  }
  if (made < 0 && errno == EEXIST)
    return make_error(ErrorCode::kAlreadyExists, concat("share '", id, "' exists already"));
  if (made < 0) return errno_error(concat("make a mount point for share '", id, "'"), errno);
  return open_beneath(mounts, id, O_PATH | O_NOFOLLOW);
}

// Removes `name` if it is an empty directory, an empty file or a link; anything else stays.
Result<void> remove_mount_point(int directory, const std::string& name) {
  struct stat info {};
  if (::fstatat(directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT ? Result<void>{} : errno_error(concat("look at '", name, "'"), errno);
  if (S_ISREG(info.st_mode) && info.st_size != 0)
    return make_error(ErrorCode::kFailedPrecondition,
                      concat("'", name, "' is not the empty file that was mounted on; it is left"));
  const int flags = S_ISDIR(info.st_mode) ? AT_REMOVEDIR : 0;
  if (::unlinkat(directory, name.c_str(), flags) == 0 || errno == ENOENT) return {};
  return errno_error(concat("remove mount point '", name, "'"), errno);
}

Result<std::vector<std::string>> list(int directory) {
  const int fd = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(fd < 0 ? nullptr : ::fdopendir(fd), ::closedir);
  if (!stream) return errno_error("list mount points", errno);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  return names;
}

Result<std::vector<std::string>> mounts_in(int state) {
  std::error_code failure;
  const auto path = std::filesystem::read_symlink(fd_path(state), failure);
  std::ifstream file("/proc/thread-self/mountinfo");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (failure || text.empty())
    return make_error(ErrorCode::kInternal, "read /proc/thread-self/mountinfo: nothing in it");
  return mounts_below(text, path.native());
}

// A detached mount takes those below it along, so that most of the list is gone after a few.
Result<void> detach_all(int state) {
  for (int round = 0; round < 16; ++round) {
    const auto points = KATA_TRY(mounts_in(state), "");
    if (points.empty()) return {};
    for (const std::string& point : points) KATA_TRY(detach(state, point), "");
  }
  return make_error(ErrorCode::kFailedPrecondition,
                    "mounts come back as fast as they are unmounted; stop who makes them");
}

Result<void> remove_directory(int state, const char* name) {
  auto directory = open_beneath(state, name, O_PATH | O_DIRECTORY);
  if (!directory.ok() && directory.error().sys_errno == ENOENT) return {};
  if (!directory.ok()) return std::move(directory).error();
  for (const std::string& entry : KATA_TRY(list(directory.value().get()), name))
    KATA_TRY(remove_mount_point(directory.value().get(), entry), name);
  return remove_mount_point(state, name);
}

}  // namespace

Result<void> ShareTree::check_host() {
  if (::geteuid() != 0) return make_error(ErrorCode::kPermission, "mounting shares needs root");
  // Both fail on these arguments; how they fail tells whether they exist.
  const bool no_open_tree = ::open_tree(-1, "", OPEN_TREE_CLONE) < 0 && errno == ENOSYS;
  const bool no_setattr = ::mount_setattr(-1, "", 0, nullptr, 0) < 0 && errno == ENOSYS;
  if (!no_open_tree && !no_setattr) return {};
  return make_error(
      ErrorCode::kUnsupported,
      "the host's kernel lacks open_tree(2) or mount_setattr(2); Linux 5.12 has them");
}

Result<ShareTree> ShareTree::create(const std::filesystem::path& state_dir) {
  const UniqueFd state = KATA_TRY(open_state(state_dir), "make share tree");
  UniqueFd mounts = KATA_TRY(make_mounts(state.get()), concat("make '", state_dir, "/mounts'"));
  KATA_TRY(make_export(state.get(), mounts.get()), concat("make '", state_dir, "/shared'"));
  return ShareTree(std::move(mounts));
}

Result<ShareTree> ShareTree::open(const std::filesystem::path& state_dir) {
  const UniqueFd state = KATA_TRY(open_state(state_dir), "find share tree");
  UniqueFd mounts = KATA_TRY(open_beneath(state.get(), kMountsDirectory, O_PATH | O_DIRECTORY),
                             "find share tree");
  if (!KATA_TRY(is_mount_root(mounts.get()), "find share tree"))
    return make_error(ErrorCode::kFailedPrecondition,
                      concat("find share tree: '", state_dir, "/mounts' is not mounted"));
  return ShareTree(std::move(mounts));
}

Result<void> ShareTree::clear(const std::filesystem::path& state_dir) {
  auto state = open_state(state_dir);
  if (!state.ok() && state.error().sys_errno == ENOENT) return {};
  const UniqueFd directory = KATA_TRY(std::move(state), "clear share tree");
  KATA_TRY(detach_all(directory.get()), concat("unmount below '", state_dir, "'"));
  KATA_TRY(remove_directory(directory.get(), kMountsDirectory), "clear share tree");
  return remove_directory(directory.get(), std::string(kExportDirectory).c_str());
}

Result<void> ShareTree::add(const ShareRequest& request) {
  const std::string action = concat("share '", request.id, "'");
  KATA_TRY(check_share_id(request.id), "");
  mode_t type = 0;
  const UniqueFd source = KATA_TRY(open_source(request.host_path, type), action);
  const UniqueFd tree =
      KATA_TRY(copy_mount(source.get(), true), concat(action, ": '", request.host_path, "'"));
  // Private first: a copy that contains this very tree must not receive itself.
  const std::uint64_t read_only = request.read_only ? MOUNT_ATTR_RDONLY : 0;
  KATA_TRY(change_mount(tree.get(), kHarmless | read_only, MS_PRIVATE, true), action);
  const UniqueFd target = KATA_TRY(make_target(mounts_.get(), request.id, type), "");
  auto attached = attach_mount(tree.get(), target.get());
  if (attached.ok()) return {};
  // The attach failed and is what the caller hears; an empty mount point that stays is found by
  // clear().
  (void)remove_mount_point(mounts_.get(), request.id);
  return in_context(std::move(attached).error(), action);
}

Result<void> ShareTree::remove(std::string_view id) {
  const std::string action = concat("unshare '", id, "'");
  KATA_TRY(check_share_id(id), "");
  KATA_TRY(detach(mounts_.get(), id), action);
  KATA_TRY(remove_mount_point(mounts_.get(), std::string(id)), action);
  return {};
}

}  // namespace kata::share
