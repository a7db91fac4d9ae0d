// SPDX-License-Identifier: Apache-2.0
//
// The processes of sandboxes below one run directory, by their command lines: for what no record
// names, because it is damaged or gone. Only processes of our own user count.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "kata/result.h"
#include "sandbox/store.h"

namespace kata::runtime {

struct SandboxProcess {
  sandbox::ProcessRef process{};
  std::string program{};  // "kata-proxy", "kata-shim", "virtiofsd", "qemu-system-…"
  std::string sandbox_id{};
  std::string container_id{};  // of a shim
};

// Those that end meanwhile are left out.
Result<std::vector<SandboxProcess>> sandbox_processes(const sandbox::Store& store,
                                                      const std::filesystem::path& proc = "/proc");

}  // namespace kata::runtime
