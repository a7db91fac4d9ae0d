// SPDX-License-Identifier: Apache-2.0
//
// Notices new entries of a directory, which need not exist yet: until it does, the nearest
// directory above it is watched. For runtimes that make a directory for each sandbox and do not
// kick. Costs nothing while nothing happens. Threads: one.
#pragma once

#include <filesystem>

#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::throttler {

class DirectoryWatch {
 public:
  // `inherited` is the descriptor of a watch of the same directory that this one goes on with.
  static Result<DirectoryWatch> open(std::filesystem::path directory, UniqueFd inherited = {});

  int fd() const noexcept { return fd_.get(); }  // readable: call take_news()

  // Whether entries have come since the last call. Never blocks.
  Result<bool> take_news();

 private:
  DirectoryWatch(std::filesystem::path directory, UniqueFd fd)
      : directory_(std::move(directory)), fd_(std::move(fd)) {}
  Result<void> arm();
  Result<bool> watch(const std::filesystem::path& directory);
  bool drain();

  std::filesystem::path directory_;
  UniqueFd fd_;
  std::filesystem::path watched_{};  // the directory itself, or one above it
  int watch_ = -1;
};

}  // namespace kata::throttler
