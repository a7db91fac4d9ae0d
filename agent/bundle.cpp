// SPDX-License-Identifier: Apache-2.0
#include "agent/bundle.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "core/base/log.h"
#include "kata/beneath.h"
#include "kata/concat.h"

namespace kata::agent {
namespace {

constexpr std::size_t kMaxId = 255;  // of a file's name

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// By descriptor: the directory may be the host's, and must not change between the check and the
// mount.
Result<void> bind_root(const std::filesystem::path& root, const std::filesystem::path& target) {
  if (!root.is_absolute())
    return make_error(ErrorCode::kInvalidArgument,
                      concat("root.path '", root, "' is not absolute"));
  const UniqueFd fd(::open(root.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return errno_error(concat("open root.path '", root, "'"), errno);
  if (::mount(fd_path(fd.get()).c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0 ||
      ::mount(nullptr, target.c_str(), nullptr, MS_PRIVATE | MS_REC, nullptr) != 0)
    return errno_error(concat("bind '", root, "' to '", target, "'"), errno);
  return {};
}

}  // namespace

bool is_container_id(std::string_view id) noexcept {
  constexpr std::string_view kOthers = "_+-.";
  return !id.empty() && id.size() <= kMaxId && id != "." && id != ".." &&
         std::ranges::all_of(id, [&](char c) {
           return is_alphanumeric(c) || kOthers.find(c) != std::string_view::npos;
         });
}

Result<Bundle> Bundle::make(const std::filesystem::path& run_dir, const std::string& id,
                            const std::filesystem::path& root) {
  const std::filesystem::path path = run_dir / id;
  if (::mkdir(path.c_str(), 0711) != 0)
    return errno_error(concat("make bundle directory '", path, "'"), errno);
  Bundle bundle(path);
  if (::mkdir(bundle.rootfs().c_str(), 0755) != 0)
    return errno_error(concat("make '", bundle.rootfs(), "'"), errno);
  KATA_TRY(bind_root(root, bundle.rootfs()), "");
  return bundle;
}

Bundle::~Bundle() {
  if (path_.empty()) return;
  // EINVAL: the mount was never made.
  if (::umount2(rootfs().c_str(), MNT_DETACH) != 0 && errno != EINVAL && errno != ENOENT)
    log::warn("cannot unmount a root filesystem",
              {{"path", rootfs()}, {"error", std::strerror(errno)}});
  ::rmdir(rootfs().c_str());
  // Not remove_all: if a mount is left below, its content is the host's.
  if (::rmdir(path_.c_str()) != 0 && errno != ENOENT)
    log::warn("cannot remove a bundle", {{"path", path_}, {"error", std::strerror(errno)}});
}

}  // namespace kata::agent
