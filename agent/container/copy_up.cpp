// SPDX-License-Identifier: Apache-2.0
#include "agent/container/copy_up.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <vector>

#include "kata/concat.h"
#include "kata/unique_fd.h"

namespace kata::agent {
namespace {

constexpr int kDeepest = 32;

Result<std::vector<std::string>> entries_of(int directory) {
  const int fd = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* stream = fd < 0 ? nullptr : ::fdopendir(fd);
  if (stream == nullptr) return errno_error("list a directory", errno);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  ::closedir(stream);
  return names;
}

Result<void> copy_file(int from, int to, const char* name, const struct stat& found) {
  const UniqueFd source(::openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  const UniqueFd target(::openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!source || !target) return errno_error(concat("copy '", name, "'"), errno);
  for (;;) {
    const ssize_t copied = ::sendfile(target.get(), source.get(), nullptr, 1U << 20);
    if (copied < 0) return errno_error(concat("copy '", name, "'"), errno);
    if (copied == 0) break;
  }
  if (::fchown(target.get(), found.st_uid, found.st_gid) != 0 ||
      ::fchmod(target.get(), found.st_mode & 07777) != 0)
    return errno_error(concat("copy owner and mode of '", name, "'"), errno);
  return {};
}

Result<void> copy_link(int from, int to, const char* name, const struct stat& found) {
  char target[PATH_MAX] = {};
  if (::readlinkat(from, name, target, sizeof target - 1) < 0 ||
      ::symlinkat(target, to, name) != 0 ||
      ::fchownat(to, name, found.st_uid, found.st_gid, AT_SYMLINK_NOFOLLOW) != 0)
    return errno_error(concat("copy link '", name, "'"), errno);
  return {};
}

Result<void> copy_directory(int from, int to, int depth);

Result<void> copy_subdirectory(int from, int to, const char* name, int depth) {
  if (depth >= kDeepest) return {};
  if (::mkdirat(to, name, 0700) != 0) return errno_error(concat("make '", name, "'"), errno);
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  const UniqueFd source(::openat(from, name, kFlags)), target(::openat(to, name, kFlags));
  if (!source || !target) return errno_error(concat("open '", name, "'"), errno);
  return copy_directory(source.get(), target.get(), depth + 1);
}

Result<void> copy_entry(int from, int to, const char* name, int depth) {
  struct stat found {};
  if (::fstatat(from, name, &found, AT_SYMLINK_NOFOLLOW) != 0)
    return errno_error(concat("look at '", name, "'"), errno);
  if (S_ISREG(found.st_mode)) return copy_file(from, to, name, found);
  if (S_ISLNK(found.st_mode)) return copy_link(from, to, name, found);
  if (S_ISDIR(found.st_mode)) return copy_subdirectory(from, to, name, depth);
  return {};
}

Result<void> copy_entries(int from, int to, int depth) {
  for (const std::string& name : KATA_TRY(entries_of(from), ""))
    KATA_TRY(copy_entry(from, to, name.c_str(), depth), "");
  return {};
}

Result<void> copy_attributes(int from, int to, bool with_mode) {
  struct stat found {};
  if (::fstat(from, &found) != 0 ||
      ::fchownat(to, "", found.st_uid, found.st_gid, AT_EMPTY_PATH) != 0 ||
      (with_mode && ::fchmodat(to, ".", found.st_mode & 07777, 0) != 0))
    return errno_error("copy a directory's owner and mode", errno);
  return {};
}

Result<void> copy_directory(int from, int to, int depth) {
  KATA_TRY(copy_entries(from, to, depth), "");
  return copy_attributes(from, to, true);
}

}  // namespace

Result<void> copy_up(int from, int to, bool with_mode) {
  KATA_TRY(copy_entries(from, to, 0), "");
  return copy_attributes(from, to, with_mode);
}

}  // namespace kata::agent
