// SPDX-License-Identifier: Apache-2.0
//
// A VM whose size changes while it runs. DRAFT: one VMM has it.
#pragma once

#include "kata/plugin/hypervisor.h"
#include "kata/plugin/outcome.h"

namespace kata {

class HypervisorResize {
 public:
  static constexpr const char* kId = "kata.hypervisor.resize/draft-1";

  // Within VmSpec::maximum. The answer is what the VM has got: less where the guest gives less, and
  // memory in whole blocks of the VMM. CPUs and memory are one call, of which one part may succeed:
  // an error leaves the VM with what the next answer tells.
  virtual Result<VmResources> resize(VmResources wanted, Deadline deadline) = 0;

 protected:
  ~HypervisorResize() = default;
};

}  // namespace kata
