// SPDX-License-Identifier: Apache-2.0
//
// What StartTransientUnit of org.freedesktop.systemd1(5) is told of a sandbox's scope.
#pragma once

#include <systemd/sd-bus.h>

#include <cstdint>
#include <string>
#include <vector>

#include "programs/kata-systemd-scope/device_names.h"

namespace kata::systemd_scope {

struct ScopeRequest {
  std::string unit{}, slice{};
  std::uint32_t pid = 0;  // its first process
  std::vector<DeviceAllow> devices{};
};

// The arguments of the call. Negative: the errno of sd-bus.
int append_start(sd_bus_message* call, const ScopeRequest& request);

}  // namespace kata::systemd_scope
