// SPDX-License-Identifier: Apache-2.0
//
// The look-up of host files for guest_spec.h, apart because <sys/sysmacros.h> makes macros of major
// and minor.
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#undef major
#undef minor

#include "kata/concat.h"
#include "sandbox/guest_spec.h"

namespace kata::sandbox {

namespace {

HostFile::Kind kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return HostFile::Kind::kDirectory;
  if (S_ISREG(mode)) return HostFile::Kind::kRegular;
  if (S_ISBLK(mode)) return HostFile::Kind::kBlockDevice;
  if (S_ISCHR(mode)) return HostFile::Kind::kCharacterDevice;
  return HostFile::Kind::kOther;
}

}  // namespace

Result<HostFile> look_up_host_file(const std::filesystem::path& path) {
  std::error_code error;
  HostFile file;
  file.resolved = std::filesystem::canonical(path, error);
  if (error) return errno_error(concat("find '", path, "'"), error.value());
  struct stat status {};
  if (::stat(file.resolved.c_str(), &status) != 0)
    return errno_error(concat("find '", path, "'"), errno);
  file.kind = kind_of(status.st_mode);
  file.major = gnu_dev_major(status.st_rdev);
  file.minor = gnu_dev_minor(status.st_rdev);
  file.group = status.st_gid;
  struct statfs filesystem {};
  file.in_memory = S_ISDIR(status.st_mode) && ::statfs(file.resolved.c_str(), &filesystem) == 0 &&
                   filesystem.f_type == TMPFS_MAGIC;
  return file;
}

}  // namespace kata::sandbox
