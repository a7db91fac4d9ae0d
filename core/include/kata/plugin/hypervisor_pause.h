// SPDX-License-Identifier: Apache-2.0
//
// kata.hypervisor.pause/1, an extension of kata.hypervisor/1: a VM that stands still. FROZEN: see
// ABI.lock.
#pragma once

#include "kata/plugin/outcome.h"

namespace kata {

// Both are idempotent, and kFailedPrecondition without a running VMM. stop_vm ends a paused VM,
// too.
class HypervisorPause {
 public:
  static constexpr const char* kId = "kata.hypervisor.pause/1";

  virtual Result<void> pause_vm(Deadline deadline) = 0;   // returns when no vCPU runs
  virtual Result<void> resume_vm(Deadline deadline) = 0;  // returns when they run

 protected:
  ~HypervisorPause() = default;
};

}  // namespace kata
