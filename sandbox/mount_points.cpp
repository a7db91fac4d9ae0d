// SPDX-License-Identifier: Apache-2.0
#include "sandbox/mount_points.h"

#include <algorithm>
#include <vector>

#include "kata/beneath.h"
#include "kata/concat.h"

namespace kata::sandbox {

namespace {

bool is_inside(const std::filesystem::path& path, const std::filesystem::path& directory) {
  const auto [end, unused] =
      std::mismatch(directory.begin(), directory.end(), path.begin(), path.end());
  return end == directory.end();
}

// A source that the guest makes itself, like "proc", is no file of the host: a directory then.
bool wants_file(const grpc::Mount& mount) {
  std::error_code unused;
  const std::filesystem::path source = mount.source();
  return mount.type() == "bind" && source.is_absolute() &&
         std::filesystem::exists(source, unused) && !std::filesystem::is_directory(source, unused);
}

Result<void> make_file(int root, const std::filesystem::path& path) {
  if (open_in_root(root, path, O_PATH).ok()) return {};
  const UniqueFd parent = KATA_TRY(make_directories_in_root(root, path.parent_path(), 0755), "");
  const UniqueFd made(::openat(parent.get(), path.filename().c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!made && errno != EEXIST) return errno_error(concat("make file '", path, "'"), errno);
  return {};
}

}  // namespace

Result<void> make_mount_points(const std::filesystem::path& rootfs, const grpc::Spec& spec) {
  const UniqueFd root(::open(rootfs.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return errno_error(concat("open '", rootfs, "'"), errno);
  std::vector<std::filesystem::path> covered;
  for (const grpc::Mount& mount : spec.mounts()) {
    const auto destination = std::filesystem::path(mount.destination()).lexically_normal();
    const bool inside = std::any_of(covered.begin(), covered.end(), [&](const auto& directory) {
      return is_inside(destination, directory);
    });
    covered.push_back(destination);
    if (inside) continue;
    const std::string action = concat("make mount point '", destination, "' in '", rootfs, "'");
    if (wants_file(mount))
      KATA_TRY(make_file(root.get(), destination), action);
    else
      KATA_TRY(make_directories_in_root(root.get(), destination, 0755), action);
  }
  return {};
}

}  // namespace kata::sandbox
