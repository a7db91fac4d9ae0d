// SPDX-License-Identifier: Apache-2.0
//
// Paths below a directory that somebody hostile may write to, reached by descriptor only:
// openat2(2) with RESOLVE_*.
//
// Two ways: *_beneath refuses every symbolic link and every step out (the host's view of a share);
// *_in_root follows links as a chroot would (the guest's view of a container's rootfs). To mount
// on, rename or remove something, open it here and use /proc/self/fd/<n> or the *at call on the
// parent; never a second lookup by name.
#pragma once

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "kata/concat.h"
#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata {

namespace detail {
inline Result<UniqueFd> openat2_resolved(int directory, const std::filesystem::path& path,
                                         int flags, mode_t mode, std::uint64_t resolve,
                                         const char* how) {
  open_how request{};
  request.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  request.mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? mode : 0;
  request.resolve = resolve;
  for (int attempt = 0; attempt < 64; ++attempt) {  // EAGAIN: a rename raced with the lookup
    const long fd = ::syscall(SYS_openat2, directory, path.c_str(), &request, sizeof request);
    if (fd >= 0) return UniqueFd(static_cast<int>(fd));
    if (errno != EAGAIN && errno != EINTR) break;
  }
  return errno_error(concat("open '", path, "' ", how), errno);
}
}  // namespace detail

// Opens `path` below `directory`; a symbolic link anywhere in it or a step out is an error (ELOOP,
// EXDEV). O_CLOEXEC is added.
inline Result<UniqueFd> open_beneath(int directory, const std::filesystem::path& path, int flags,
                                     mode_t mode = 0) {
  return detail::openat2_resolved(directory, path.relative_path(), flags, mode,
                                  RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
                                  "beneath its root");
}

// Opens `path` as if `root` were "/": absolute links and ".." stay inside. Magic links
// (/proc/self/fd) are refused.
inline Result<UniqueFd> open_in_root(int root, const std::filesystem::path& path, int flags,
                                     mode_t mode = 0) {
  return detail::openat2_resolved(root, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
                                  "in its root");
}

namespace detail {
template <class Open>
Result<UniqueFd> make_directories(int root, const std::filesystem::path& path, mode_t mode,
                                  Open open) {
  std::filesystem::path done = ".";
  UniqueFd current = KATA_TRY(open(root, done, O_PATH | O_DIRECTORY), "");
  for (const auto& part : path.relative_path()) {
    if (part.empty() || part == ".") continue;
    done /= part;
    auto next = open(root, done, O_PATH | O_DIRECTORY);
    if (!next.ok() && next.error().sys_errno == ENOENT && part != "..") {
      if (::mkdirat(current.get(), part.c_str(), mode) != 0 && errno != EEXIST)
        return errno_error(concat("make directory '", done, "'"), errno);
      next = open(root, done, O_PATH | O_DIRECTORY);
    }
    current = KATA_TRY(std::move(next), "");
  }
  return current;
}
}  // namespace detail

// mkdir -p below `directory`, and the last directory as an O_PATH descriptor.
inline Result<UniqueFd> make_directories_beneath(int directory, const std::filesystem::path& path,
                                                 mode_t mode) {
  return detail::make_directories(directory, path, mode, [](int at, const auto& name, int flags) {
    return open_beneath(at, name, flags);
  });
}

// The same, resolving links inside `root`.
inline Result<UniqueFd> make_directories_in_root(int root, const std::filesystem::path& path,
                                                 mode_t mode) {
  return detail::make_directories(root, path, mode, [](int at, const auto& name, int flags) {
    return open_in_root(at, name, flags);
  });
}

// A name for an open descriptor that mount(2) and friends accept.
inline std::string fd_path(int fd) { return concat("/proc/self/fd/", fd); }

}  // namespace kata
