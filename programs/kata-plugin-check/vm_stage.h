// SPDX-License-Identifier: Apache-2.0
//
// A VM for a case.
#pragma once

#include <sys/types.h>

#include <memory>

#include "programs/kata-plugin-check/suite.h"

namespace kata::check {

// Of the configuration, small; memory as the hypervisor's other abilities want it.
VmSpec vm_spec(const Workplace& workplace);

Result<std::unique_ptr<Hypervisor>> created_vm(const Workplace& workplace);
Result<std::unique_ptr<Hypervisor>> started_vm(const Workplace& workplace);

// Whether the process is there and no zombie.
bool is_running(pid_t pid);

}  // namespace kata::check
