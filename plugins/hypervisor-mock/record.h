// SPDX-License-Identifier: Apache-2.0
//
// What of a mock VM is on the host, for whoever has to clean up: the saved state, and a file in the
// state directory that is written ahead of each step.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "kata/result.h"

namespace kata::mock {

struct Record {
  std::int32_t pid = 0;  // of kata-mock-vm; 0: not started
  std::uint64_t start_time = 0;
  std::vector<std::string> cgroups{};
};

std::string to_text(const Record& record);
Result<Record> parse_record(std::string_view text);

Result<void> write_record(const std::filesystem::path& state_dir, const Record& record);
Result<Record> read_record(const std::filesystem::path& state_dir);  // empty when there is none
Result<void> remove_record(const std::filesystem::path& state_dir);

}  // namespace kata::mock
