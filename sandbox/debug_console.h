// SPDX-License-Identifier: Apache-2.0
//
// The hypervisor's part of a debug console. A VM that can have none runs without, with a warning.
#pragma once

#include <optional>

#include "kata/plugin/hypervisor.h"

namespace kata::sandbox {

// Before create_vm. Whether there will be one.
bool offer_debug_console(Hypervisor& hypervisor);

// After create_vm.
std::optional<AgentAddress> debug_console_address(Hypervisor& hypervisor);

}  // namespace kata::sandbox
