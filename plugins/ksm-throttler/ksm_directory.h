// SPDX-License-Identifier: Apache-2.0
//
// /sys/kernel/mm/ksm, or a tree that looks like it. Threads: [any].
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "kata/result.h"

namespace kata::ksm {

// The one small file, without the white space at its end.
Result<std::string> read_small_file(const std::filesystem::path& file);

class KsmDirectory {
 public:
  explicit KsmDirectory(std::filesystem::path path) : path_(std::move(path)) {}

  // kNotFound when this kernel has no KSM, kPermission when its files cannot be written.
  Result<void> check() const;

  bool has(std::string_view key) const;
  // What is set: for "[none] scan-time" that is "none".
  Result<std::string> read(std::string_view key) const;
  Result<std::uint64_t> number(std::string_view key) const;
  Result<std::optional<std::int64_t>> optional_signed(std::string_view key) const;
  Result<void> write(std::string_view key, std::string_view value) const;

 private:
  std::filesystem::path path_;
};

}  // namespace kata::ksm
