// SPDX-License-Identifier: Apache-2.0
//
// The processes of a container as the agent lists them: the reply to GetDiagnosticData with
// log_type "processes", JSON that the guest wrote.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kata/result.h"

namespace kata::runtime {

struct GuestProcess {
  std::uint32_t pid = 0, parent = 0;  // in the container; a parent outside of it is 0
  std::uint32_t uid = 0, threads = 1;
  std::string state{}, terminal{};       // "S"; "pts/0" or "?"
  std::uint64_t age_ms = 0, cpu_ms = 0;  // since its start; used
  std::uint64_t virtual_kib = 0, resident_kib = 0;
  std::string name{}, command{};
  friend bool operator==(const GuestProcess&, const GuestProcess&) = default;
};

// Sorted by pid. An error names the sandbox's agent, which is not to be trusted.
Result<std::vector<GuestProcess>> parse_guest_processes(std::string_view json);

}  // namespace kata::runtime
