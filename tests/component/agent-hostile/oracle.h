// SPDX-License-Identifier: Apache-2.0
//
// What crun makes of a bundle. crun takes no hybrid cgroup hierarchy and is not to touch this
// host's: it runs in mount and pid namespaces of its own, with version 2 alone and no cgroup.
#pragma once

#include <filesystem>
#include <string>

namespace kata::agent::hostile {

struct CrunVerdict {
  bool runs = false;
  std::string said{};
};

// Everything is dead when this returns.
CrunVerdict ask_crun(const std::filesystem::path& bundle);

}  // namespace kata::agent::hostile
