// SPDX-License-Identifier: Apache-2.0
//
// /run/kata-ksm-throttler: the daemon's lock, its socket and the plugin's record.
#pragma once

#include <filesystem>

#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::throttler {

inline std::filesystem::path socket_in(const std::filesystem::path& directory) {
  return directory / "ksm.sock";
}

// Makes the directory, 0700. The lock goes with the process; kAlreadyExists when another has it.
Result<UniqueFd> lock_run_directory(const std::filesystem::path& directory);

// Replaces the socket of a daemon that was killed. The caller has the lock.
Result<UniqueFd> listen_in(const std::filesystem::path& directory);

// Tells systemd, if it asked to be told (NOTIFY_SOCKET).
void notify_systemd(const char* state) noexcept;

}  // namespace kata::throttler
