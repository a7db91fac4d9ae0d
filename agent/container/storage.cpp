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
#include "agent/container/mount_options.h"
#include "agent/container/mount_tree.h"
#include "agent/container/names.h"
#include "agent/container/storage_ephemeral.h"
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
      parse_mount_options({storage.options().begin(), storage.options().end()}), "options");
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

Result<void> mount_share(const grpc::Storage& storage) {
  const auto options = KATA_TRY(
      parse_mount_options({storage.options().begin(), storage.options().end()}), "options");
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

// A filesystem that is built in has no module, so an error of that counts only when the mount fails
// too.
Result<void> mount_share_with_module(const grpc::Storage& storage,
                                     const std::function<Result<void>(std::string_view)>& load) {
  Result<void> loaded;
  if (load) loaded = load_modules(storage, load);
  auto mounted = mount_share(storage);
  if (mounted.ok()) return mounted;
  if (!kernel_has(storage.fstype()))
    return no_such_filesystem(storage.fstype(), loaded.ok() ? mounted.error() : loaded.error());
  if (loaded.ok()) return mounted;
  Error error = std::move(mounted).error();
  error.message += concat(" (and its module: ", loaded.error().message, ')');
  return error;
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

// Makes what the storage asks for; true when that is a mount.
Result<bool> set_up(const grpc::Storage& storage,
                    const std::function<Result<void>(std::string_view)>& load) {
  const std::string& driver = storage.driver();
  if (driver == "local") {
    const UniqueFd directory = KATA_TRY(make_directory(storage.mount_point()), "");
    KATA_TRY(set_up_local(storage, directory.get()), "");
    return false;
  }
  if (driver == "ephemeral") {
    const UniqueFd target = KATA_TRY(make_directory(storage.mount_point()), "");
    KATA_TRY(mount_ephemeral(storage, target.get()), "");
  } else if (driver == "bind") {
    KATA_TRY(mount_bind(storage), "");
  } else if (driver == "virtio-fs" || driver == "9p") {
    KATA_TRY(mount_share_with_module(storage, load), "");
  } else {
    return invalid(concat("unknown storage driver '", driver, "'"));
  }
  return true;
}

}  // namespace

Result<void> StorageTable::add(const grpc::Storage& storage) {
  const std::string action =
      concat("storage '", storage.driver(), "' on '", storage.mount_point(), "'");
  KATA_TRY(check_fields(storage), action);
  const std::string key = fs::path(storage.mount_point()).lexically_normal();
  if (const auto known = entries_.find(key); known != entries_.end()) {
    ++known->second.references;
    return {};
  }
  const bool mounted = KATA_TRY(set_up(storage, load_module_), action);
  entries_[key] = Entry{storage.shared() ? 2 : 1, mounted};
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
  const bool mounted = known->second.mounted;
  entries_.erase(known);
  if (mounted) KATA_TRY(unmount(key), concat("remove storage '", key, "'"));
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
