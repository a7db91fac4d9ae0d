// SPDX-License-Identifier: Apache-2.0
//
// A file without a place in any directory, for a child that reads it once or not at all.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <string_view>

#include "kata/concat.h"
#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata {

// `name` is for whoever looks into /proc/PID/fd. The offset is at the beginning.
inline Result<UniqueFd> memory_file(const char* name, std::string_view text) {
  UniqueFd file(::memfd_create(name, MFD_CLOEXEC));
  if (!file) return errno_error(concat("make memory file '", name, "'"), errno);
  const auto size = static_cast<ssize_t>(text.size());
  if (::write(file.get(), text.data(), text.size()) != size ||
      ::lseek(file.get(), 0, SEEK_SET) != 0)
    return errno_error(concat("write memory file '", name, "'"), errno);
  return file;
}

}  // namespace kata
