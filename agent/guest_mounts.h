// SPDX-License-Identifier: Apache-2.0
//
// What PID 1 owes its guest: the kernel's filesystems, the usual links in /dev, cgroups, a loopback
// interface, a host name. Split by need: early() is what reaching the host takes, the rest may run
// while the host connects.
#pragma once

#include "kata/result.h"

namespace kata::agent {

// /proc, /sys and /dev; standard streams on the console when the kernel could not open it.
Result<void> mount_early();

// The rest. A part that fails is logged and the others go on: not every workload needs each.
void finish_guest(bool unified_cgroups);

}  // namespace kata::agent
