// SPDX-License-Identifier: Apache-2.0
//
// A second way into the guest, for the shell of its agent. The guest's end is the virtio-serial
// port kDebugConsolePort where the VM has one, else a vsock port. DRAFT.
#pragma once

#include <cstdint>

#include "kata/plugin/hypervisor.h"

namespace kata {

inline constexpr const char* kDebugConsolePort = "debug.console.0";
inline constexpr std::uint32_t kDebugConsoleVsockPort = 1026;

class HypervisorDebugConsole {
 public:
  static constexpr const char* kId = "kata.hypervisor.debug-console/draft-1";

  virtual Result<void> offer_debug_console() = 0;  // before create_vm; else the VM has none
  virtual Result<AgentAddress> debug_console_address() const = 0;  // after create_vm

 protected:
  ~HypervisorDebugConsole() = default;
};

}  // namespace kata
