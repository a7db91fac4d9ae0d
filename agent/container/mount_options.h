// SPDX-License-Identifier: Apache-2.0
//
// Mount options as words ("ro", "rbind", "rslave", "size=64k") and as the new mount API takes them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

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
  bool copy_up = false;             // "tmpcopyup": a tmpfs starts with what it covers
  std::vector<std::string> data{};  // for the filesystem: "size=64k", "newinstance"
  friend bool operator==(const MountOptions&, const MountOptions&) = default;
};

// Words of fstab that mean nothing to the kernel are dropped. "idmap" and "loop" are kUnsupported.
Result<MountOptions> parse_mount_options(const std::vector<std::string>& words);

}  // namespace kata::agent
