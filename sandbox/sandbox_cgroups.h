// SPDX-License-Identifier: Apache-2.0
//
// A sandbox's processes in the host's control groups. All of them in the pod's; or, with
// sandbox_cgroup_only = false, only what runs the guest's CPUs there and the rest in a group beside
// it that the pod's limits do not reach. Children start where their parent is, so the proxy enters
// first of all.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kata/plugin/hypervisor.h"
#include "kata/result.h"
#include "sandbox/host_cgroup.h"

namespace kata::sandbox {

// Makes the groups and moves this process there; a scope of systemd was started before.
// kUnavailable: this host has none that could be written, which a sandbox can do without.
Result<void> enter_cgroups(const SandboxCgroups& groups);

// For a process that stands beside the VM: a shim.
Result<void> place_beside_vmm(const SandboxCgroups& groups, std::int32_t pid);

// The VMM, which has started beside, goes where the pod's limits hold: its CPUs' threads, or all of
// it where a group takes whole processes only (version 2).
Result<void> place_vmm(const SandboxCgroups& groups, const VmProcesses& vmm);

// For devices that the VMM is given while it runs: all of them up to now, because a program in
// version 2 cannot be added to. systemd does not hear of them: a scope in version 1 loses them at
// the next daemon-reload.
Result<void> allow_devices_of_vmm(const SandboxCgroups& groups,
                                  const std::vector<DeviceRule>& devices);

// For this process when it outlives its sandbox: to the top of each hierarchy, so that the groups
// can be removed.
Result<void> leave_cgroups(const SandboxCgroups& groups);

// After the last process. Idempotent. A scope of systemd is stopped.
Result<void> remove_cgroups(const SandboxCgroups& groups, Deadline deadline);

}  // namespace kata::sandbox
