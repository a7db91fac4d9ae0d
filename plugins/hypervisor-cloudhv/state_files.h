// SPDX-License-Identifier: Apache-2.0
//
// Names in the state directory, and the time that a call has when its caller sets none.
#pragma once

#include <array>
#include <chrono>

namespace kata::cloudhv {

inline constexpr char kApiSocket[] = "api.sock";
inline constexpr char kApiLock[] = "api.sock.lock";  // the VMM's own, which it leaves behind
inline constexpr char kVsockSocket[] = "vsock.sock";
inline constexpr char kConsoleLog[] = "console.log";
inline constexpr char kVmmLog[] = "vmm.log";
inline constexpr char kRestoreDirectory[] = "restore";

// What a snapshot consists of; the first is text.
inline constexpr char kSnapshotConfig[] = "config.json";
inline constexpr std::array<const char*, 3> kSnapshotFiles = {kSnapshotConfig, "state.json",
                                                              "memory-ranges"};

inline constexpr std::chrono::seconds kCallTime{5};

}  // namespace kata::cloudhv
