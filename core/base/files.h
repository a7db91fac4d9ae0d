// SPDX-License-Identifier: Apache-2.0
//
// Small files, whole. For paths that a guest can write to, use kata/beneath.h instead.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "kata/result.h"

namespace kata {

// The whole file; kResourceExhausted when it is larger than `limit` bytes.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit = 16U << 20);

// kVolatile: waits for no disk, for what a crash of the host makes worthless.
enum class Durability { kDurable, kVolatile };

// Replaces `path` so that a reader, or a crash, sees the old or the new content, never a part:
// write, fsync, rename, fsync of the directory. A crash of the host may leave a part of a volatile
// file.
Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view content,
                                   mode_t mode = 0600,
                                   Durability durability = Durability::kDurable);

// Writes into an existing file in one write(2), as sysfs and cgroupfs want it.
Result<void> write_existing(const std::filesystem::path& path, std::string_view content);

}  // namespace kata
