// SPDX-License-Identifier: Apache-2.0
//
// Two programs are called virtiofsd: the C one that came with QEMU until 7.2, and the Rust one.
// They do the same and spell it differently. Command lines are values here; virtiofsd_process.cpp
// runs them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "daemon_options.h"
#include "kata/result.h"

namespace kata::virtiofs {

enum class Flavour : std::int32_t { kQemu = 1, kRust };

// From what `virtiofsd --version` prints.
Result<Flavour> flavour_of(std::string_view version_output);

struct DaemonSettings {
  std::filesystem::path daemon{};
  std::string cache = "auto";  // never, metadata, auto, always
  std::vector<DaemonOption> extra{};
};

struct DaemonLaunch {
  std::filesystem::path export_directory{};
  int listening_fd = -1;         // its number in the daemon
  std::uint64_t open_files = 0;  // RLIMIT_NOFILE: at most the hard limit, which it cannot raise
};

// Sandboxed by namespaces and seccomp, always: there is no setting for it.
Result<std::vector<std::string>> daemon_command_line(Flavour flavour,
                                                     const DaemonSettings& settings,
                                                     const DaemonLaunch& launch);

}  // namespace kata::virtiofs
