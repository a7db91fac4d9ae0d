// SPDX-License-Identifier: Apache-2.0
//
// A small record in a plugin's state directory, for whoever has to clean up after a killed process.
// A reader sees the old or the new text, never a part. The directory is the caller's, 0700.
#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "kata/concat.h"
#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata {

namespace detail {
inline std::filesystem::path next_state_file(const std::filesystem::path& file) {
  return concat(file.native(), ".new");
}
}  // namespace detail

// Makes or replaces `file`, 0600, by way of "<file>.new".
inline Result<void> write_state_file(const std::filesystem::path& file, std::string_view text) {
  const auto next = detail::next_state_file(file);
  const UniqueFd fd(
      ::open(next.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::rename(next.c_str(), file.c_str()) != 0)
    return errno_error(concat("write '", file, "'"), errno);
  return {};
}

// At most `most` bytes of it; nothing when there is none.
inline Result<std::optional<std::string>> read_state_file(const std::filesystem::path& file,
                                                          std::size_t most) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd && errno == ENOENT) return std::optional<std::string>();
  std::string text(most, '\0');
  const ssize_t got = fd ? ::read(fd.get(), text.data(), text.size()) : -1;
  if (got < 0) return errno_error(concat("read '", file, "'"), errno);
  text.resize(static_cast<std::size_t>(got));
  return std::optional(std::move(text));
}

// Idempotent; takes what an interrupted write left too.
inline Result<void> remove_state_file(const std::filesystem::path& file) {
  for (const auto& path : {file, detail::next_state_file(file)})
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
      return errno_error(concat("remove '", path, "'"), errno);
  return {};
}

}  // namespace kata
