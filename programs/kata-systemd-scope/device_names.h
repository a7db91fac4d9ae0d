// SPDX-License-Identifier: Apache-2.0
//
// Rules for devices as systemd's DeviceAllow= takes them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sandbox/host_cgroup.h"

namespace kata::systemd_scope {

struct DeviceAllow {
  std::string device{}, access{};
  friend bool operator==(const DeviceAllow&, const DeviceAllow&) = default;
};

// "/dev/char/1:3" for one device, "char-pts" for those of a driver, "char-*" for all. A driver is
// found by its number in `proc_devices`, the text of /proc/devices; one that is not there has no
// device either.
std::vector<DeviceAllow> device_names(const std::vector<sandbox::DeviceRule>& rules,
                                      std::string_view proc_devices);

}  // namespace kata::systemd_scope
