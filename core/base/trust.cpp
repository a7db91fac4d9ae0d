// SPDX-License-Identifier: Apache-2.0
#include "core/base/trust.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "kata/concat.h"

namespace kata {

namespace {

std::string octal(mode_t mode) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode & 07777));
  return text.data();
}

const char* kind(mode_t mode) {
  if (S_ISREG(mode)) return "a regular file";
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a fifo";
  if (S_ISLNK(mode)) return "a symbolic link";
  return "a device or socket";
}

Error refuse(std::string message) { return make_error(ErrorCode::kPermission, std::move(message)); }

Result<void> check_owner_and_mode(const struct stat& status, const std::filesystem::path& path,
                                  const char* prefix) {
  if (status.st_uid != 0 && status.st_uid != ::geteuid())
    return refuse(concat(prefix, "owner: expected uid 0, found uid ", status.st_uid,
                         "; run 'chown root ", path, "'"));
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return refuse(concat(prefix, "mode: expected not writable by group or others, found ",
                         octal(status.st_mode), "; run 'chmod go-w ", path, "'"));
  return {};
}

Result<void> check_directory(int fd, const std::filesystem::path& path, const char* prefix) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return errno_error(concat("stat '", path, "'"), errno);
  return check_owner_and_mode(status, path, prefix);
}

Result<UniqueFd> open_directory(const std::filesystem::path& path) {
  UniqueFd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return errno_error(concat("open directory '", path, "'"), errno);
  return fd;
}

}  // namespace

Result<void> check_trusted_directory(const std::filesystem::path& path) {
  const UniqueFd fd = KATA_TRY(open_directory(path), "");
  return check_directory(fd.get(), path, "");
}

Result<UniqueFd> open_trusted_file(const std::filesystem::path& path) {
  const auto parent = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const UniqueFd directory = KATA_TRY(open_directory(parent), "");
  KATA_TRY(check_directory(directory.get(), parent, "directory "), "");

  // O_NONBLOCK: a fifo must not hold us before fstat tells what it is.
  UniqueFd fd(::openat(directory.get(), path.filename().c_str(),
                       O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd && errno == ELOOP)
    return refuse("file type: expected a regular file, found a symbolic link; name its target");
  if (!fd) return errno_error("open", errno);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return errno_error("stat", errno);
  if (!S_ISREG(status.st_mode))
    return refuse(concat("file type: expected a regular file, found ", kind(status.st_mode),
                         "; name the file itself"));
  KATA_TRY(check_owner_and_mode(status, path, ""), "");
  return fd;
}

}  // namespace kata
