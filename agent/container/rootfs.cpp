// SPDX-License-Identifier: Apache-2.0
#include "agent/container/rootfs.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>

#include "agent/container/copy_up.h"
#include "agent/container/device_nodes.h"
#include "agent/container/mount_tree.h"
#include "kata/beneath.h"
#include "kata/concat.h"

namespace kata::agent {
namespace {

namespace fs = std::filesystem;

Error invalid(std::string message) {
  return make_error(ErrorCode::kInvalidArgument, std::move(message));
}

bool has_mode(const MountOptions& options) {
  return std::ranges::any_of(options.data,
                             [](const std::string& word) { return word.starts_with("mode="); });
}

class RootfsBuilder {
 public:
  RootfsBuilder(const ContainerPlan& plan, RootfsSources sources, const Cgroup& cgroup)
      : plan_(plan), sources_(std::move(sources)), cgroup_(cgroup) {}

  Result<UniqueFd> build(const fs::path& place, UniqueFd& terminal) {
    KATA_TRY(mount_root(place), "mount the rootfs");
    for (std::size_t at = 0; at < plan_.mounts.size(); ++at)
      KATA_TRY(add_mount(plan_.mounts[at], sources_.mounts[at]),
               concat("mount '", plan_.mounts[at].destination, "'"));
    KATA_TRY(make_device_nodes(root_.get(), plan_), "make device nodes");
    if (plan_.process.terminal)
      terminal = KATA_TRY(make_console(root_.get(), sources_.terminal), "'/dev/console'");
    for (const auto& path : plan_.read_only)
      KATA_TRY(make_read_only(path), concat("make '", path, "' read-only"));
    for (const auto& path : plan_.masked) KATA_TRY(mask(path), concat("mask '", path, "'"));
    if (plan_.read_only_root)
      KATA_TRY(set_attributes(root_.get(), {MOUNT_ATTR_RDONLY, 0}, false),
               "make the root read-only");
    return std::move(root_);
  }

 private:
  Result<void> mount_root(const fs::path& place);
  Result<void> add_mount(const MountPlan& mount, const MountSource& source);
  Result<void> bind(const MountPlan& mount, int tree);
  Result<void> mount_new(const MountPlan& mount, int tree);
  Result<void> mount_cgroups(const MountPlan& mount, const std::vector<UniqueFd>& views);
  Result<void> fill_cgroups(int tree, const std::vector<UniqueFd>& views);
  Result<void> remount(const MountPlan& mount);
  Result<void> place(const MountPlan& mount, int tree, int target);
  Result<UniqueFd> directory_target(const MountPlan& mount);
  Result<UniqueFd> file_target(const MountPlan& mount);
  Result<void> make_read_only(const fs::path& path);
  Result<void> mask(const fs::path& path);

  const ContainerPlan& plan_;
  RootfsSources sources_;
  const Cgroup& cgroup_;
  UniqueFd root_{};
};

Result<void> RootfsBuilder::mount_root(const fs::path& place) {
  const UniqueFd target(::open(place.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!target) return errno_error(concat("open '", place, "'"), errno);
  root_ = std::move(sources_.root);
  return attach_tree(root_.get(), target.get());
}

// proc, sysfs, cgroups and /dev: what the workload trusts to be where it looks. A link there is
// refused, not followed.
bool wants_plain_path(const MountPlan& mount) {
  return mount.type == "proc" || mount.type == "sysfs" || mount.destination == "/dev" ||
         mount.destination == "/proc" || mount.destination == "/sys";
}

bool is_on_proc(int fd) {
  struct statfs found {};
  return ::fstatfs(fd, &found) == 0 && found.f_type == PROC_SUPER_MAGIC;
}

Result<UniqueFd> RootfsBuilder::directory_target(const MountPlan& mount) {
  constexpr mode_t kMode = 0755;
  if (wants_plain_path(mount))
    return make_directories_beneath(root_.get(), mount.destination, kMode);
  return make_directories_in_root(root_.get(), mount.destination, kMode);
}

Result<UniqueFd> RootfsBuilder::file_target(const MountPlan& mount) {
  KATA_TRY(make_directories_in_root(root_.get(), mount.destination.parent_path(), 0755), "");
  auto existing = open_in_root(root_.get(), mount.destination, O_PATH);
  if (existing.ok() || existing.error().sys_errno != ENOENT) return existing;
  KATA_TRY(open_in_root(root_.get(), mount.destination, O_CREAT | O_RDONLY | O_NOCTTY, 0644), "");
  return open_in_root(root_.get(), mount.destination, O_PATH);
}

// The planner allows a few files of /proc by name; a link in the rootfs must not lead to others.
Result<void> RootfsBuilder::place(const MountPlan& mount, int tree, int target) {
  if (mount.type != "proc" && is_on_proc(target) &&
      !mount.destination.native().starts_with("/proc/"))
    return invalid("leads into /proc by a symbolic link");
  KATA_TRY(set_attributes(tree, mount.options.attributes, false), "");
  KATA_TRY(set_attributes(tree, mount.options.recursive, true), "");
  KATA_TRY(attach_tree(tree, target), "");
  for (const unsigned long flag : mount.options.propagation)
    KATA_TRY(set_propagation(tree, flag), "");
  return {};
}

Result<void> RootfsBuilder::add_mount(const MountPlan& mount, const MountSource& source) {
  if (mount.options.remount) return remount(mount);
  if (mount.options.bind) return bind(mount, source.tree.get());
  if (mount.is_cgroup()) return mount_cgroups(mount, source.cgroups);
  return mount_new(mount, source.tree.get());
}

Result<void> RootfsBuilder::bind(const MountPlan& mount, int tree) {
  struct stat found {};
  if (::fstat(tree, &found) != 0)
    return errno_error(concat("look at source '", mount.source, "'"), errno);
  const UniqueFd target =
      KATA_TRY(S_ISDIR(found.st_mode) ? directory_target(mount) : file_target(mount), "");
  return place(mount, tree, target.get());
}

Result<void> RootfsBuilder::mount_new(const MountPlan& mount, int tree) {
  const UniqueFd target = KATA_TRY(directory_target(mount), "");
  if (mount.options.copy_up && mount.type == "tmpfs")
    KATA_TRY(copy_up(target.get(), tree, !has_mode(mount.options)), "copy what it covers");
  return place(mount, tree, target.get());
}

Result<void> RootfsBuilder::remount(const MountPlan& mount) {
  const UniqueFd target = KATA_TRY(open_in_root(root_.get(), mount.destination, O_PATH), "");
  KATA_TRY(set_attributes(target.get(), mount.options.attributes, false), "remount");
  return set_attributes(target.get(), mount.options.recursive, true);
}

// One directory a controller, and a link for each of two controllers that share one.
Result<void> RootfsBuilder::fill_cgroups(int tree, const std::vector<UniqueFd>& views) {
  auto view = views.begin();
  for (const CgroupDirectory& one : cgroup_.directories()) {
    if (::mkdirat(tree, one.name.c_str(), 0755) != 0)
      return errno_error(concat("make directory '", one.name, "'"), errno);
    const UniqueFd target = KATA_TRY(open_beneath(tree, one.name, O_PATH), "");
    KATA_TRY(attach_tree((view++)->get(), target.get()), one.name);
    for (std::size_t start = 0, comma = 0;
         one.name.find(',') != std::string::npos && comma != std::string::npos; start = comma + 1) {
      comma = one.name.find(',', start);
      if (::symlinkat(one.name.c_str(), tree, one.name.substr(start, comma - start).c_str()) != 0)
        return errno_error(concat("link to '", one.name, "'"), errno);
    }
  }
  return {};
}

// The container's own cgroup as the root of what it sees.
Result<void> RootfsBuilder::mount_cgroups(const MountPlan& mount,
                                          const std::vector<UniqueFd>& views) {
  const UniqueFd target = KATA_TRY(directory_target(mount), "");
  const auto directories = cgroup_.directories();
  MountPlan whole{mount.destination, mount.source, mount.type, mount.options, {}};
  whole.options.recursive = whole.options.attributes;  // the controllers' mounts too
  if (directories.size() == 1 && directories.front().name.empty())
    return place(whole, views.front().get(), target.get());
  const UniqueFd tree = KATA_TRY(new_filesystem("tmpfs", "cgroup", {"mode=755"}), "");
  KATA_TRY(attach_tree(tree.get(), target.get()), "");
  KATA_TRY(fill_cgroups(tree.get(), views), "");
  KATA_TRY(set_attributes(tree.get(), whole.options.recursive, true), "");
  for (const unsigned long flag : mount.options.propagation)
    KATA_TRY(set_propagation(tree.get(), flag), "");
  return {};
}

bool is_absent(const Error& error) {
  return error.sys_errno == ENOENT || error.sys_errno == ENOTDIR;
}

Result<void> RootfsBuilder::make_read_only(const fs::path& path) {
  auto target = open_in_root(root_.get(), path, O_PATH);
  if (!target.ok() && is_absent(target.error())) return {};
  const UniqueFd fd = KATA_TRY(std::move(target), "");
  const UniqueFd tree = KATA_TRY(clone_tree(fd.get(), true), "");
  KATA_TRY(set_attributes(tree.get(), {MOUNT_ATTR_RDONLY, 0}, true), "");
  return attach_tree(tree.get(), fd.get());
}

Result<UniqueFd> null_device() {
  const UniqueFd null(::open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat found {};
  if (!null || ::fstat(null.get(), &found) != 0) return errno_error("open '/dev/null'", errno);
  if (!S_ISCHR(found.st_mode) || found.st_rdev != makedev(1, 3))
    return make_error(ErrorCode::kInternal, "'/dev/null' is not the null device");
  return clone_tree(null.get(), false);
}

Result<void> RootfsBuilder::mask(const fs::path& path) {
  auto target = open_in_root(root_.get(), path, O_PATH);
  if (!target.ok() && is_absent(target.error())) return {};
  const UniqueFd fd = KATA_TRY(std::move(target), "");
  struct stat found {};
  if (::fstat(fd.get(), &found) != 0) return errno_error("look at it", errno);
  const UniqueFd cover =
      KATA_TRY(S_ISDIR(found.st_mode) ? new_filesystem("tmpfs", "tmpfs", {"size=0", "mode=755"})
                                      : null_device(),
               "");
  if (S_ISDIR(found.st_mode))
    KATA_TRY(set_attributes(cover.get(), {MOUNT_ATTR_RDONLY, 0}, false), "");
  return attach_tree(cover.get(), fd.get());
}

}  // namespace

Result<UniqueFd> build_rootfs(const ContainerPlan& plan, RootfsSources sources,
                              const fs::path& place, const Cgroup& cgroup, UniqueFd& terminal) {
  return RootfsBuilder(plan, std::move(sources), cgroup).build(place, terminal);
}

}  // namespace kata::agent
