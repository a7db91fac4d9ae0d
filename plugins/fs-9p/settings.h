// SPDX-License-Identifier: Apache-2.0
//
// [shared_filesystem.9p] as values, and as the options of the guest's mount.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kata/result.h"

namespace kata::plan9 {

// What Linux's virtio transport carries: 128 descriptors, less three, of a page each. It lowers a
// larger wish without a word.
inline constexpr std::int64_t kLargestMsize = 512000;
inline constexpr std::int64_t kLeastMsize = 8192;

struct Settings {
  std::uint32_t msize = 262144;
  std::string cache = "mmap";
};

// `config_json` is already checked against the field table: names and types are right, values may
// not be.
Result<Settings> parse_settings(std::string_view config_json);

std::vector<std::string> mount_options(const Settings& settings);

}  // namespace kata::plan9
