// SPDX-License-Identifier: Apache-2.0
//
// The kernel's news about devices (NETLINK_KOBJECT_UEVENT). They say only when to look: what is
// true stands in sysfs.
#pragma once

#include <optional>
#include <string_view>

#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::agent {

struct Uevent {  // views into the datagram
  std::string_view action{}, devpath{}, subsystem{};
};

// "add@/devices/…", a zero byte, then KEY=VALUE strings that each end in one. None: another form,
// or one without ACTION, DEVPATH or SUBSYSTEM.
std::optional<Uevent> parse_uevent(std::string_view datagram);

// A bound socket that does not block.
Result<UniqueFd> open_uevents();

// Reads all that is there; true when one of it may have brought a device, or some were lost.
bool brought_devices(int socket);

}  // namespace kata::agent
