// SPDX-License-Identifier: Apache-2.0
//
// A snapshot's config.json for another VM: the sockets and files in it are the first VM's.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "kata/plugin/hypervisor.h"
#include "kata/result.h"
#include "vm_config.h"

namespace kata::cloudhv {

inline constexpr std::size_t kLongestSnapshotConfig = 1U << 20;

struct Clone {
  const VmSpec& spec;
  std::span<const Device> devices{};
  VmFiles files{};
  std::filesystem::path snapshot{};  // the directory
  bool landlock = false;
};

// kInvalidArgument: the text is no configuration, or `devices` are not those of the snapshot.
// kUnsupported: it has a NIC or a host PCI device, which cannot come back elsewhere.
Result<std::string> config_of_clone(std::string_view config_json, const Clone& clone);

}  // namespace kata::cloudhv
