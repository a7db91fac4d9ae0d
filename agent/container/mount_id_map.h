// SPDX-License-Identifier: Apache-2.0
//
// Bind mounts that show the ids of their files changed. As options: "idmap" is the mapping of the
// container's user namespace, "ridmap" takes the mounts below along, and crun's
// "idmap=uids=FILE-HOST-SIZE#…;gids=…" is a mapping of its own.
#pragma once

#include <string>
#include <string_view>

#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::agent {

struct MountIdMap {
  bool recursive = false;
  std::string uids{}, gids{};  // lines of uid_map(5); empty: the container's own
  friend bool operator==(const MountIdMap&, const MountIdMap&) = default;
};

// The whole option. kInvalidArgument quotes the part that is wrong.
Result<MountIdMap> parse_mount_id_map(std::string_view word);

// A detached copy of what is at `source`, with ids mapped. For a process that may administer the
// source's filesystem: a container's user namespace may not. Starts a process and ends it.
Result<UniqueFd> clone_with_id_map(const std::string& source, bool with_mounts_below,
                                   const MountIdMap& map);

}  // namespace kata::agent
