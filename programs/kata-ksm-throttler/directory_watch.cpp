// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-ksm-throttler/directory_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "kata/concat.h"

namespace kata::throttler {

namespace {

constexpr std::uint32_t kComing = IN_CREATE | IN_MOVED_TO;
constexpr std::uint32_t kMask = kComing | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

bool has_entries(const std::filesystem::path& directory) {
  std::error_code error;
  const std::filesystem::directory_iterator first(directory, error);
  return !error && first != std::filesystem::directory_iterator();
}

}  // namespace

Result<DirectoryWatch> DirectoryWatch::open(std::filesystem::path directory, UniqueFd inherited) {
  UniqueFd fd = std::move(inherited);
  if (!fd) fd = UniqueFd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!fd) return errno_error("watch directories", errno);
  DirectoryWatch watch(std::move(directory), std::move(fd));
  KATA_TRY(watch.arm(), "");
  return watch;
}

// False when there is no such directory.
Result<bool> DirectoryWatch::watch(const std::filesystem::path& directory) {
  const int number = ::inotify_add_watch(fd_.get(), directory.c_str(), kMask);
  if (number < 0 && (errno == ENOENT || errno == ENOTDIR)) return false;
  if (number < 0) return errno_error(concat("watch directory '", directory, "'"), errno);
  if (watch_ >= 0 && watch_ != number) ::inotify_rm_watch(fd_.get(), watch_);
  watch_ = number;
  watched_ = directory;
  return true;
}

Result<void> DirectoryWatch::arm() {
  for (;;) {
    std::filesystem::path directory = directory_;
    std::filesystem::path missing;
    for (;;) {
      const bool found = KATA_TRY(watch(directory), "");
      if (found || !directory.has_relative_path()) break;
      missing = directory;
      directory = directory.parent_path();
    }
    // It may have come between the two looks.
    std::error_code error;
    if (missing.empty() || !std::filesystem::is_directory(missing, error)) return {};
  }
}

bool DirectoryWatch::drain() {
  bool came = false;
  alignas(inotify_event) char buffer[4096];
  for (;;) {
    const ssize_t got = ::read(fd_.get(), buffer, sizeof buffer);
    if (got <= 0) return came;
    for (const char* at = buffer; at < buffer + got;) {
      inotify_event event{};
      std::memcpy(&event, at, sizeof event);
      came = came || (event.mask & IN_Q_OVERFLOW) != 0 ||
             (event.wd == watch_ && watched_ == directory_ && (event.mask & kComing) != 0);
      if (event.wd == watch_ && (event.mask & IN_IGNORED) != 0) watch_ = -1;
      at += sizeof event + event.len;
    }
  }
}

Result<bool> DirectoryWatch::take_news() {
  const int before = watch_;
  const bool came = drain();
  KATA_TRY(arm(), "");
  const bool new_one = watched_ == directory_ && watch_ != before;
  return came || (new_one && has_entries(directory_));
}

}  // namespace kata::throttler
