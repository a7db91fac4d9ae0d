// SPDX-License-Identifier: Apache-2.0
//
// What distinguishes one sandbox from the next: everything about it that is not configuration.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "sandbox/host_cgroup.h"

namespace kata::sandbox {

struct SandboxIdentity {
  std::string id{};
  std::string hostname{};               // in the guest; empty: the id
  std::filesystem::path netns{};        // of the pod; empty: none
  std::vector<std::string> dns{};       // lines of the guest's resolv.conf
  SandboxCgroups cgroups{};             // of the host
  std::uint64_t shm_bytes = 64U << 20;  // of /dev/shm in the guest
};

}  // namespace kata::sandbox
