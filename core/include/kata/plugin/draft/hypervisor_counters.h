// SPDX-License-Identifier: Apache-2.0
//
// What a VMM counts of its devices. DRAFT: one VMM has it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kata/plugin/outcome.h"

namespace kata {

struct VmCounter {
  std::string device{};  // the VMM's own name for it
  std::string name{};    // "rx_bytes"
  std::uint64_t value = 0;
};

class HypervisorCounters {
 public:
  static constexpr const char* kId = "kata.hypervisor.counters/draft-1";

  virtual Result<std::vector<VmCounter>> counters(Deadline deadline) const = 0;

 protected:
  ~HypervisorCounters() = default;
};

}  // namespace kata
