// SPDX-License-Identifier: Apache-2.0
//
// A VM on disk, and new ones from it. DRAFT: one VMM has it.
#pragma once

#include <filesystem>
#include <vector>

#include "kata/plugin/hypervisor.h"
#include "kata/plugin/outcome.h"

namespace kata {

class HypervisorSnapshot {
 public:
  static constexpr const char* kId = "kata.hypervisor.snapshot/draft-1";

  // The memory and devices of a paused VM (else kFailedPrecondition), into an empty directory that
  // exists. The VM stays paused. A VM with NICs is refused: their taps are not the clone's.
  virtual Result<void> save_snapshot(const std::filesystem::path& directory, Deadline deadline) = 0;

  // In the place of create_vm and start_vm, with their rules: the VM of a snapshot, paused. It has
  // the kernel, the size and the kind of memory of the snapshot; of `spec` count id, netns and
  // shared_memory (false: changes stay in this VM, so that many can start from one snapshot).
  // `devices` are those of the snapshot by id, with their new paths and sockets; NICs are attached
  // later.
  virtual Result<void> restore_vm(VmSpec spec, std::vector<Device> devices,
                                  const std::filesystem::path& directory, Deadline deadline) = 0;

 protected:
  ~HypervisorSnapshot() = default;
};

}  // namespace kata
