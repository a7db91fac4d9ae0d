// SPDX-License-Identifier: Apache-2.0
#include "sandbox/remove_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "kata/concat.h"
#include "kata/unique_fd.h"

namespace kata::sandbox {
namespace {

constexpr int kMaxDepth = 64;

Result<UniqueFd> open_directory(int parent, const std::string& name) {
  open_how how{};
  how.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
  const long fd = ::syscall(SYS_openat2, parent, name.c_str(), &how, sizeof how);
  if (fd >= 0) return UniqueFd(static_cast<int>(fd));
  if (errno == EXDEV)
    return make_error(ErrorCode::kFailedPrecondition,
                      concat("'", name, "' is a mount point: unmount it first"));
  return errno_error(concat("open '", name, "'"), errno);
}

Result<std::vector<std::string>> entries_of(int directory) {
  const int copy = ::fcntl(directory, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return errno_error("read directory", errno);
  std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(copy), ::closedir);
  if (!stream) {
    ::close(copy);
    return errno_error("read directory", errno);
  }
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  return names;
}

Result<void> empty_directory(int directory, const std::vector<std::string>& last, int depth);

// A file that something is mounted on answers unlink with EBUSY, so the kernel guards that case.
Result<void> remove_entry(int parent, const std::string& name, const std::vector<std::string>& last,
                          int depth) {
  if (::unlinkat(parent, name.c_str(), 0) == 0 || errno == ENOENT) return {};
  if (errno == EBUSY)
    return make_error(ErrorCode::kFailedPrecondition,
                      concat("'", name, "' is a mount point: unmount it first"));
  if (errno != EISDIR && errno != EPERM) return errno_error(concat("remove '", name, "'"), errno);
  auto directory = open_directory(parent, name);
  if (!directory.ok() && directory.error().sys_errno == ENOENT) return {};
  const UniqueFd opened = KATA_TRY(std::move(directory), "");
  KATA_TRY(empty_directory(opened.get(), last, depth + 1), concat("in '", name, "'"));
  if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT)
    return errno_error(concat("remove directory '", name, "'"), errno);
  return {};
}

Result<void> empty_directory(int directory, const std::vector<std::string>& last, int depth) {
  if (depth > kMaxDepth)
    return make_error(ErrorCode::kInternal, concat("deeper than ", kMaxDepth, " directories"));
  auto names = KATA_TRY(entries_of(directory), "");
  const auto kept_back = [&last](const std::string& name) {
    return std::find(last.begin(), last.end(), name) != last.end();
  };
  std::stable_partition(names.begin(), names.end(),
                        [&](const std::string& name) { return !kept_back(name); });
  for (const std::string& name : names) KATA_TRY(remove_entry(directory, name, {}, depth), "");
  return {};
}

}  // namespace

Result<void> remove_tree(int parent, const std::string& name,
                         const std::vector<std::string>& last) {
  return remove_entry(parent, name, last, 0);
}

}  // namespace kata::sandbox
