// SPDX-License-Identifier: Apache-2.0
#include "core/base/files.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "kata/concat.h"
#include "kata/unique_fd.h"

namespace kata {
namespace {

Result<void> write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno_error("write", errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> write_new(const std::filesystem::path& path, std::string_view content, mode_t mode,
                       Durability durability) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!fd) return errno_error("open", errno);
  KATA_TRY(write_all(fd.get(), content), "");
  if (durability == Durability::kDurable && ::fsync(fd.get()) != 0)
    return errno_error("fsync", errno);
  return {};
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return errno_error(concat("open '", path, "'"), errno);
  std::string content;
  char block[16384];
  for (;;) {
    const ssize_t got = ::read(fd.get(), block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error(concat("read '", path, "'"), errno);
    if (got == 0) return content;
    if (content.size() + static_cast<std::size_t>(got) > limit)
      return make_error(ErrorCode::kResourceExhausted,
                        concat("read '", path, "': larger than ", limit, " bytes"));
    content.append(block, static_cast<std::size_t>(got));
  }
}

Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view content,
                                   mode_t mode, Durability durability) {
  const std::string action = concat("write '", path, "'");
  const std::filesystem::path temporary = concat(path, ".tmp.", ::getpid());
  if (auto written = write_new(temporary, content, mode, durability); !written.ok()) {
    ::unlink(temporary.c_str());
    return in_context(std::move(written).error(), action);
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const int number = errno;
    ::unlink(temporary.c_str());
    return errno_error(concat(action, ": rename"), number);
  }
  if (durability == Durability::kVolatile) return {};
  UniqueFd directory(::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.get()) != 0)
    return errno_error(concat(action, ": fsync directory"), errno);
  return {};
}

Result<void> write_existing(const std::filesystem::path& path, std::string_view content) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) return errno_error(concat("open '", path, "'"), errno);
  for (;;) {
    const ssize_t written = ::write(fd.get(), content.data(), content.size());
    if (written == static_cast<ssize_t>(content.size())) return {};
    if (written < 0 && errno == EINTR) continue;
    return errno_error(concat("write '", path, "'"), written < 0 ? errno : EIO);
  }
}

}  // namespace kata
