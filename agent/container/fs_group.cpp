// SPDX-License-Identifier: Apache-2.0
#include "agent/container/fs_group.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "agent.pb.h"
#include "kata/concat.h"
#include "kata/unique_fd.h"

namespace kata::agent {
namespace {

constexpr int kDeepest = 256;

struct Grant {
  gid_t group = 0;
  mode_t file_bits = 0660, directory_bits = 02770;
};

struct CloseDirectory {
  void operator()(DIR* stream) const noexcept { ::closedir(stream); }
};

Result<void> grant(int fd, const struct stat& found, const Grant& wanted) {
  const mode_t bits = S_ISDIR(found.st_mode) ? wanted.directory_bits : wanted.file_bits;
  if (::fchownat(fd, "", static_cast<uid_t>(-1), wanted.group, AT_EMPTY_PATH) != 0)
    return errno_error("change group", errno);
  if (::chmod(concat("/proc/self/fd/", fd).c_str(), (found.st_mode | bits) & 07777) != 0)
    return errno_error("change mode", errno);
  return {};
}

Result<void> grant_tree(int directory, const Grant& wanted, int depth) {
  const int fd = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, CloseDirectory> stream(fd < 0 ? nullptr : ::fdopendir(fd));
  if (!stream) return errno_error("list a directory", errno);
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    const UniqueFd child(::openat(directory, entry->d_name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat found {};
    if (!child || ::fstat(child.get(), &found) != 0)
      return errno_error(concat("open '", name, "'"), errno);
    if (S_ISLNK(found.st_mode)) continue;
    KATA_TRY(grant(child.get(), found, wanted), concat("'", name, "'"));
    if (S_ISDIR(found.st_mode) && depth < kDeepest)
      KATA_TRY(grant_tree(child.get(), wanted, depth + 1), concat("'", name, "'"));
  }
  return {};
}

}  // namespace

Result<void> apply_fs_group(const grpc::Storage& storage, int tree) {
  const auto& options = storage.options();
  Grant wanted;
  wanted.group = storage.fs_group().group_id();
  if (std::find(options.begin(), options.end(), "ro") != options.end()) {
    wanted.file_bits = 0440;
    wanted.directory_bits = 02550;
  }
  struct stat root {};
  if (::fstat(tree, &root) != 0) return errno_error("look at the volume", errno);
  const bool matches = root.st_gid == wanted.group &&
                       (root.st_mode & wanted.directory_bits) == wanted.directory_bits;
  if (matches && storage.fs_group().group_change_policy() == types::OnRootMismatch) return {};
  KATA_TRY(grant(tree, root, wanted), "");
  if (!S_ISDIR(root.st_mode)) return {};
  return grant_tree(tree, wanted, 0);
}

}  // namespace kata::agent
