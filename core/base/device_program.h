// SPDX-License-Identifier: Apache-2.0
//
// Which device nodes the processes of a control group may open or make, in version 2: a program
// that the kernel asks at each open and mknod.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "kata/result.h"

namespace kata {

struct DeviceRule {
  bool allow = false;
  char type = 'a';                                // 'a', 'b' or 'c'
  std::optional<std::uint32_t> major{}, minor{};  // absent: any
  bool read = false, write = false, make = false;
  friend bool operator==(const DeviceRule&, const DeviceRule&) = default;
};

// A BPF_PROG_TYPE_CGROUP_DEVICE program. The last rule that matches decides; without one the answer
// is no.
std::vector<bpf_insn> device_program(const std::vector<DeviceRule>& rules);

// Loads the program and attaches it to the group, in the place of one that was attached so before.
// Those of the groups above hold as well. kUnsupported: this kernel or this container takes none.
Result<void> attach_device_program(const std::filesystem::path& group,
                                   const std::vector<DeviceRule>& rules);

}  // namespace kata
