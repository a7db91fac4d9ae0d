// SPDX-License-Identifier: Apache-2.0
//
// Which process serves a sandbox's share: one line of JSON, in save_state() and in
// state_dir/daemon, so that whoever finds the directory can end it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "kata/result.h"

namespace kata::virtiofs {

struct DaemonRecord {
  pid_t pid = 0;  // 0: none
  std::uint64_t start_time = 0;
  friend bool operator==(const DaemonRecord&, const DaemonRecord&) = default;
};

std::string to_json(const DaemonRecord& record);
Result<DaemonRecord> record_from_json(std::string_view text);

Result<void> write_record(const std::filesystem::path& state_dir, const DaemonRecord& record);
Result<DaemonRecord> read_record(const std::filesystem::path& state_dir);  // none: pid 0
Result<void> remove_record(const std::filesystem::path& state_dir);        // idempotent

// Kills the recorded process and its process group, unless the pid belongs to another one by now.
Result<void> kill_recorded(const DaemonRecord& record);

}  // namespace kata::virtiofs
