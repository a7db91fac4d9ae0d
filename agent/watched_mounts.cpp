// SPDX-License-Identifier: Apache-2.0
#include "agent/watched_mounts.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/log.h"
#include "kata/beneath.h"
#include "kata/concat.h"

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace kata::agent {
namespace {

Result<UniqueFd> open_root() {
  UniqueFd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return errno_error("open '/'", errno);
  return root;
}

}  // namespace

WatchedMounts::WatchedMounts(const asio::any_io_executor& executor, fs::path share,
                             std::chrono::milliseconds interval)
    : share_(std::move(share)), interval_(interval), timer_(executor) {}

WatchedMounts::~WatchedMounts() { clear(); }

Result<fs::path> WatchedMounts::root_of(const std::string& mount_point) const {
  for (const char* name : {"watchable", "passthrough/watchable"}) {
    const fs::path root = share_ / name;
    if (mount_point.size() > root.native().size() + 1 &&
        mount_point.starts_with(root.native() + '/'))
      return root;
  }
  return make_error(ErrorCode::kInvalidArgument,
                    concat("mount_point: a watched storage must be below '", share_,
                           "/watchable' or '", share_, "/passthrough/watchable'"));
}

Result<void> WatchedMounts::mount_root(const fs::path& root) {
  if (roots_.contains(root)) return {};
  const UniqueFd guest = KATA_TRY(open_root(), "");
  const UniqueFd target = KATA_TRY(make_directories_in_root(guest.get(), root, 0755), "");
  if (::mount("tmpfs", fd_path(target.get()).c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") !=
      0)
    return errno_error(concat("mount a memory filesystem on '", root, "'"), errno);
  roots_.insert(root);
  return {};
}

Result<bool> WatchedMounts::watch(const std::string& source, const std::string& mount_point) {
  const fs::path root = KATA_TRY(root_of(mount_point), "");
  KATA_TRY(mount_root(root), "");
  UniqueFd from(::open(source.c_str(), O_PATH | O_CLOEXEC));
  struct stat found {};
  if (!from || ::fstat(from.get(), &found) != 0)
    return errno_error(concat("open source '", source, "'"), errno);
  if (!S_ISDIR(found.st_mode)) return false;
  const UniqueFd guest = KATA_TRY(open_root(), "");
  UniqueFd to = KATA_TRY(make_directories_in_root(guest.get(), mount_point, 0755), "");
  if (::fchownat(to.get(), "", found.st_uid, found.st_gid, AT_EMPTY_PATH) != 0 ||
      ::chmod(fd_path(to.get()).c_str(), found.st_mode & 07777) != 0)
    return errno_error("set owner and mode", errno);
  Mirror mirror(std::move(from), std::move(to));
  if (auto first = mirror.update(); !first.ok()) {
    (void)mirror.clear();  // the first error is the one to tell
    if (first.error().code != ErrorCode::kResourceExhausted) return std::move(first).error();
    log::warn("a storage is too large to be watched and is mounted as it is",
              {{"source", source}, {"reason", first.error().message}});
    return false;
  }
  mirrors_.insert_or_assign(mount_point, std::move(mirror));
  if (mirrors_.size() == 1) wait();
  return true;
}

void WatchedMounts::unwatch(const std::string& mount_point) {
  const auto entry = mirrors_.find(mount_point);
  if (entry == mirrors_.end()) return;
  if (const auto cleared = entry->second.clear(); !cleared.ok())
    log::warn("cannot remove a copied storage", {{"error", cleared.error().message}});
  mirrors_.erase(entry);
  if (mirrors_.empty()) timer_.cancel();
}

void WatchedMounts::clear() {
  mirrors_.clear();
  timer_.cancel();
  for (const fs::path& root : roots_)
    if (::umount2(root.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0)
      log::warn("cannot unmount", {{"path", root}, {"error", std::strerror(errno)}});
  roots_.clear();
}

void WatchedMounts::wait() {
  timer_.expires_after(interval_);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || mirrors_.empty()) return;
    update_all();
    wait();
  });
}

void WatchedMounts::update_all() {
  for (auto& [mount_point, mirror] : mirrors_)
    if (const auto updated = mirror.update(); !updated.ok())
      log::warn("a watched storage stays as it was",
                {{"path", mount_point}, {"error", updated.error().message}});
}

}  // namespace kata::agent
