// SPDX-License-Identifier: Apache-2.0
#include "agent/container/storage.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "agent.pb.h"
#include "agent/container/fs_group.h"
#include "agent/container/kernel_text.h"
#include "agent/container/mount_options.h"
#include "agent/container/mount_tree.h"
#include "agent/container/names.h"
#include "agent/container/storage_ephemeral.h"
#include "agent/container/storage_overlay.h"
#include "core/base/files.h"
#include "core/base/log.h"
#include "kata/beneath.h"
#include "kata/concat.h"

namespace kata::agent {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kDirectoryMode = 0755;

Error invalid(std::string message) {
  return make_error(ErrorCode::kInvalidArgument, std::move(message));
}

Result<void> check_fields(const grpc::Storage& storage) {
  KATA_TRY(check_absolute(storage.mount_point(), "mount_point"), "");
  if (fs::path(storage.mount_point()).lexically_normal() == "/")
    return invalid("mount_point: '/' is the guest's root");
  KATA_TRY(check_text(storage.source(), "source"), "");
  KATA_TRY(check_text(storage.fstype(), "fstype"), "");
  if (storage.source().empty()) return invalid("source: is empty");
  if (storage.fstype().empty() && storage.driver() != "local") return invalid("fstype: is empty");
  return {};
}

// The guest's own tree: symbolic links in it are the guest's and harmless, but none is expected.
Result<UniqueFd> open_guest_root() {
  UniqueFd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return errno_error("open '/'", errno);
  return root;
}

Result<UniqueFd> make_directory(const std::string& path) {
  const UniqueFd root = KATA_TRY(open_guest_root(), "");
  return make_directories_in_root(root.get(), path, kDirectoryMode);
}

Result<UniqueFd> make_file(const std::string& path) {
  KATA_TRY(make_directory(fs::path(path).parent_path()), "");
  const UniqueFd root = KATA_TRY(open_guest_root(), "");
  KATA_TRY(open_in_root(root.get(), path, O_CREAT | O_RDONLY | O_NONBLOCK | O_NOCTTY, 0644), "");
  return open_in_root(root.get(), path, O_PATH);
}

Result<void> place(const grpc::Storage& storage, const MountOptions& options, int tree,
                   int target) {
  KATA_TRY(set_attributes(tree, options.attributes, false), "");
  KATA_TRY(set_attributes(tree, options.recursive, true), "");
  if (storage.has_fs_group()) KATA_TRY(apply_fs_group(storage, tree), "fs_group");
  KATA_TRY(attach_tree(tree, target), "");
  for (const unsigned long flag : options.propagation) KATA_TRY(set_propagation(tree, flag), "");
  return {};
}

Result<void> mount_bind(const grpc::Storage& storage) {
  const auto options = KATA_TRY(
      parse_storage_options({storage.options().begin(), storage.options().end()}), "options");
  const UniqueFd source(::open(storage.source().c_str(), O_PATH | O_CLOEXEC));
  struct stat found {};
  if (!source || ::fstat(source.get(), &found) != 0)
    return errno_error(concat("open source '", storage.source(), "'"), errno);
  const UniqueFd tree = KATA_TRY(clone_tree(source.get(), options.rbind), "");
  const UniqueFd target = KATA_TRY(S_ISDIR(found.st_mode) ? make_directory(storage.mount_point())
                                                          : make_file(storage.mount_point()),
                                   "");
  return place(storage, options, tree.get(), target.get());
}

// fsconfig(2) takes no longer values; then mount(2) must do, which takes a page in all.
Result<void> mount_by_path(const grpc::Storage& storage, const MountOptions& options, int target) {
  std::string data;
  for (const std::string& option : options.data) data += concat(data.empty() ? "" : ",", option);
  if (::mount(storage.source().c_str(), fd_path(target).c_str(), storage.fstype().c_str(), 0,
              data.c_str()) != 0)
    return errno_error(concat("mount a filesystem of type '", storage.fstype(), "'"), errno);
  const UniqueFd root = KATA_TRY(open_guest_root(), "");
  const UniqueFd tree =
      KATA_TRY(open_in_root(root.get(), storage.mount_point(), O_PATH | O_DIRECTORY), "");
  KATA_TRY(set_attributes(tree.get(), options.attributes, false), "");
  if (storage.has_fs_group()) KATA_TRY(apply_fs_group(storage, tree.get()), "fs_group");
  for (const unsigned long flag : options.propagation)
    KATA_TRY(set_propagation(tree.get(), flag), "");
  return {};
}

Result<void> mount_filesystem(const grpc::Storage& storage, const MountOptions& options) {
  constexpr std::size_t kLongestOption = 255;
  const bool is_long = std::ranges::any_of(
      options.data, [](const std::string& option) { return option.size() > kLongestOption; });
  if (is_long) {
    const UniqueFd target = KATA_TRY(make_directory(storage.mount_point()), "");
    return mount_by_path(storage, options, target.get());
  }
  const UniqueFd tree =
      KATA_TRY(new_filesystem(storage.fstype(), storage.source(), options.data), "");
  const UniqueFd target = KATA_TRY(make_directory(storage.mount_point()), "");
  return place(storage, options, tree.get(), target.get());
}

Result<void> load_modules(const grpc::Storage& storage,
                          const std::function<Result<void>(std::string_view)>& load) {
  KATA_TRY(load(storage.fstype()), "");
  if (storage.driver() == "9p") return load("9pnet_virtio");  // the kernel would call modprobe
  return {};
}

bool kernel_has(const std::string& fstype) {
  return UniqueFd(::fsopen(fstype.c_str(), FSOPEN_CLOEXEC)).get() >= 0;
}

Error no_such_filesystem(const std::string& fstype, const Error& of_module) {
  utsname kernel{};
  ::uname(&kernel);
  return invalid(concat("the guest's kernel ", kernel.release, " has no '", fstype,
                        "': give the guest a kernel that has it (kata-osbuilder --kernel-flavour "
                        "generic, or kata-osbuilder kernel), or select another shared_filesystem (",
                        of_module.message, ')'));
}

Result<void> check_disk(const std::string& node) {
  struct stat found {};
  if (::stat(node.c_str(), &found) != 0)
    return errno_error(concat("source: look at '", node, "'"), errno);
  if (!S_ISBLK(found.st_mode)) return invalid(concat("source: '", node, "' is no block device"));
  return {};
}

bool is_disk(std::string_view driver) {
  return driver == "blk" || driver == "mmioblk" || driver == "scsi" || driver == "nvdimm";
}

// Of a container that is gone; nobody else can reach it.
void drop_scratch(const fs::path& directory) {
  std::error_code error;
  if (directory.empty()) return;
  fs::remove_all(directory, error);
  ::rmdir(directory.parent_path().c_str());  // the last one takes it along
  if (error)
    log::warn("cannot remove an upper layer", {{"path", directory}, {"error", error.message()}});
}

Error unknown_driver(std::string_view driver) {
  struct Absent {
    std::string_view driver, why;
  };
  constexpr Absent kAbsent[] = {
      {"blk-ccw", "only s390x guests have channels; use driver 'blk' or 'scsi'"},
      {"image_guest_pull", "this agent pulls no images; let the host share the root filesystem"},
      {"erofs.multi-layer", "use one 'blk' storage for each layer and 'overlayfs' on top"},
  };
  for (const Absent& absent : kAbsent)
    if (absent.driver == driver)
      return make_error(ErrorCode::kUnsupported,
                        concat("storage driver '", driver, "': ", absent.why));
  return invalid(concat("unknown storage driver '", driver, "'"));
}

// A guest image may have mounted the share before.
bool is_mounted_as(const std::string& mount_point, const std::string& fstype) {
  struct statx found {};
  if (::statx(AT_FDCWD, mount_point.c_str(),
              AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, 0, &found) != 0 ||
      (found.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0)
    return false;
  const auto text = read_file("/proc/self/mountinfo");
  if (!text.ok()) return false;
  const std::vector<MountLine> mounts = parse_mountinfo(text.value());
  return std::ranges::any_of(mounts, [&](const MountLine& line) {
    return line.mount_point == mount_point && line.filesystem == fstype;
  });
}

Result<void> unmount(const std::string& mount_point) {
  const UniqueFd root = KATA_TRY(open_guest_root(), "");
  auto mount = open_in_root(root.get(), mount_point, O_PATH);
  if (!mount.ok() && mount.error().sys_errno == ENOENT) return {};
  const UniqueFd fd = KATA_TRY(std::move(mount), "");
  if (::umount2(fd_path(fd.get()).c_str(), MNT_DETACH) != 0 && errno != EINVAL)
    return errno_error("unmount", errno);
  return {};
}

}  // namespace

const std::vector<std::string_view>& storage_drivers() {
  static const std::vector<std::string_view> drivers{
      "9p",     "bind",      "blk",  "ephemeral", "local",         "mmioblk",
      "nvdimm", "overlayfs", "scsi", "virtio-fs", "watchable-bind"};
  return drivers;
}

bool StorageTable::has(const std::string& mount_point) const {
  return entries_.contains(fs::path(mount_point).lexically_normal());
}

// The module of the filesystem is loaded before it is mounted. One that is built in has none, so an
// error counts only when the mount fails too.
Result<void> StorageTable::mount_with_module(const grpc::Storage& storage,
                                             std::vector<std::string> options) {
  MountOptions words = KATA_TRY(parse_storage_options(options), "options");
  // A disk that is read-only must be so to its filesystem, too.
  if (is_disk(storage.driver()) && std::ranges::find(options, "ro") != options.end())
    words.data.emplace_back("ro");
  Result<void> loaded;
  if (support_.load_module) loaded = load_modules(storage, support_.load_module);
  auto mounted = mount_filesystem(storage, words);
  if (mounted.ok()) return mounted;
  if (!kernel_has(storage.fstype()))
    return no_such_filesystem(storage.fstype(), loaded.ok() ? mounted.error() : loaded.error());
  if (loaded.ok()) return mounted;
  Error error = std::move(mounted).error();
  error.message += concat(" (and its module: ", loaded.error().message, ')');
  return error;
}

Result<StorageTable::Entry> StorageTable::set_up_overlay(const grpc::Storage& storage) {
  Entry entry{.mounted = true};
  OverlayPlan plan = KATA_TRY(plan_overlay(storage), "");
  if (plan.writable) {
    entry.scratch = support_.scratch / concat("overlay-", ++scratches_);
    KATA_TRY(add_upper_layer(plan, entry.scratch), "");
  }
  auto mounted = mount_with_module(storage, std::move(plan.options));
  if (!mounted.ok()) {
    drop_scratch(entry.scratch);
    return std::move(mounted).error();
  }
  return entry;
}

Result<StorageTable::Entry> StorageTable::set_up_watchable(const grpc::Storage& storage) {
  if (support_.watch && KATA_TRY(support_.watch(storage.source(), storage.mount_point()), ""))
    return Entry{.watched = true};
  KATA_TRY(mount_bind(storage), "");
  return Entry{.mounted = true};
}

// Makes what the storage asks for.
Result<StorageTable::Entry> StorageTable::set_up(const grpc::Storage& storage) {
  const std::string& driver = storage.driver();
  if (!std::ranges::binary_search(storage_drivers(), std::string_view(driver)))
    return unknown_driver(driver);
  if (driver == "overlayfs") return set_up_overlay(storage);
  if (driver == "watchable-bind") return set_up_watchable(storage);
  if (is_disk(driver)) KATA_TRY(check_disk(storage.source()), "");
  if (driver == "local" || driver == "ephemeral") {
    const UniqueFd directory = KATA_TRY(make_directory(storage.mount_point()), "");
    KATA_TRY(driver == "local" ? set_up_local(storage, directory.get())
                               : mount_ephemeral(storage, directory.get()),
             "");
    return Entry{.mounted = driver == "ephemeral"};
  }
  if (driver == "bind" || storage.fstype() == "bind")
    KATA_TRY(mount_bind(storage), "");
  else
    KATA_TRY(mount_with_module(storage, {storage.options().begin(), storage.options().end()}), "");
  return Entry{.mounted = true};
}

Result<void> StorageTable::add(const grpc::Storage& storage) {
  const std::string action =
      concat("storage '", storage.driver(), "' on '", storage.mount_point(), "'");
  KATA_TRY(check_fields(storage), action);
  const std::string key = fs::path(storage.mount_point()).lexically_normal();
  if (const auto known = entries_.find(key); known != entries_.end()) {
    ++known->second.references;
    return {};
  }
  const bool found = is_mounted_as(key, storage.fstype());
  Entry entry{.found = true};
  if (!found) entry = KATA_TRY(set_up(storage), action);
  entry.references = storage.shared() ? 2 : 1;
  entries_[key] = std::move(entry);
  return {};
}

Result<void> StorageTable::update(const grpc::Storage& storage) {
  if (storage.driver() != "ephemeral")
    return invalid(concat("Unsupported storage type for syncing mounts '", storage.driver(),
                          "': only 'ephemeral' can be updated"));
  const std::string action = concat("update storage '", storage.mount_point(), "'");
  KATA_TRY(check_fields(storage), action);
  const auto& words = storage.options();
  if (words.empty()) return {};
  const std::string key = fs::path(storage.mount_point()).lexically_normal();
  const bool known = entries_.contains(key);
  if (std::find(words.begin(), words.end(), "remount") == words.end())
    return known ? Result<void>() : add(storage);
  if (!known)
    return make_error(ErrorCode::kNotFound, concat(action, ": no storage is mounted there"));
  const UniqueFd root = KATA_TRY(open_guest_root(), action);
  const UniqueFd mount = KATA_TRY(open_in_root(root.get(), key, O_PATH | O_DIRECTORY), action);
  KATA_TRY(remount_ephemeral(storage, mount.get()), action);
  return {};
}

Result<void> StorageTable::remove(const std::string& mount_point) {
  const std::string key = fs::path(mount_point).lexically_normal();
  const auto known = entries_.find(key);
  if (known == entries_.end() || --known->second.references > 0) return {};
  const Entry entry = std::move(known->second);
  entries_.erase(known);
  if (entry.found) return {};
  if (entry.watched && support_.unwatch) support_.unwatch(key);
  if (entry.mounted) KATA_TRY(unmount(key), concat("remove storage '", key, "'"));
  drop_scratch(entry.scratch);
  if (::rmdir(key.c_str()) != 0 && errno != ENOENT)
    log::warn("a storage's mount point stays", {{"path", key}, {"error", std::strerror(errno)}});
  return {};
}

Result<void> StorageTable::remove_all() {
  Result<void> first;
  while (!entries_.empty()) {  // the last in order may lie inside an earlier one
    const auto last = std::prev(entries_.end());
    last->second.references = 1;
    if (auto removed = remove(std::string(last->first)); !removed.ok() && first.ok())
      first = std::move(removed);
  }
  return first;
}

}  // namespace kata::agent
