// SPDX-License-Identifier: Apache-2.0
//
// A container's rootfs as containerd's snapshotters describe it: a list of mounts, in containerd's
// notation, which the shim makes. Blocking calls. Threads: any.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "kata/result.h"

namespace kata::shim_v2 {

struct RootfsMount {
  std::string type{}, source{}, target{};  // target: below the rootfs; empty: the rootfs itself
  std::vector<std::string> options{};
};

struct MountOptions {
  unsigned long flags = 0, propagation = 0;
  std::string data{};  // what the filesystem understands, with commas
  friend bool operator==(const MountOptions&, const MountOptions&) = default;
};
MountOptions mount_options(const std::vector<std::string>& options);

// The directory that all lower layers are below and the data with paths relative to it, for an
// overlay whose data is too long for the kernel. An empty directory: they have none in common.
struct ShortLayers {
  std::string directory{}, data{};
};
ShortLayers shorten_layers(const std::string& overlay_data);

// All, or nothing stays mounted.
Result<void> mount_rootfs(std::span<const RootfsMount> mounts, const std::filesystem::path& rootfs);

// Everything that is mounted there, even if it is in use. Nothing there is fine.
Result<void> unmount_rootfs(const std::filesystem::path& rootfs);

}  // namespace kata::shim_v2
