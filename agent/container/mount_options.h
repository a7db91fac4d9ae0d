// SPDX-License-Identifier: Apache-2.0
//
// Mount options as words ("ro", "rbind", "rslave", "size=64k") and as the new mount API takes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/container/mount_id_map.h"
#include "kata/result.h"

namespace kata::agent {

struct MountAttributes {  // MOUNT_ATTR_* to set and to clear
  std::uint64_t set = 0, clear = 0;
  friend bool operator==(const MountAttributes&, const MountAttributes&) = default;
};

struct MountOptions {
  MountAttributes attributes{};              // of the mount itself
  MountAttributes recursive{};               // of it and all below: "rro", "rnosuid" …
  std::vector<unsigned long> propagation{};  // MS_SHARED | MS_REC …, in order
  bool bind = false, rbind = false, remount = false;
  bool copy_up = false;  // "tmpcopyup": a tmpfs starts with what it covers
  std::optional<MountIdMap> id_map{};
  std::vector<std::string> data{};  // for the filesystem: "size=64k", "newinstance"
  friend bool operator==(const MountOptions&, const MountOptions&) = default;
};

// Words of fstab that mean nothing to the kernel are dropped. "loop" is kUnsupported.
Result<MountOptions> parse_mount_options(const std::vector<std::string>& words);

// Those of a storage, which several containers may share: "idmap" is kUnsupported, too.
Result<MountOptions> parse_storage_options(const std::vector<std::string>& words);

}  // namespace kata::agent
