// SPDX-License-Identifier: Apache-2.0
//
// Kata's names for components, and ours. The only file of core that names plugins: an operator's
// existing configuration names them, and so do the defaults.
#pragma once

#include <string_view>

namespace kata::config {

inline constexpr std::string_view kDefaultPluginDirectory = "/usr/lib/kata-containers/plugins";
inline constexpr std::string_view kDefaultHypervisor = "qemu";
inline constexpr std::string_view kDefaultNetwork = "tap";
inline constexpr std::string_view kDefaultSharedFilesystem = "virtiofs";
inline constexpr std::string_view kDefaultMemoryDedup = "none";

// What Kata's keys virtio_fs_* and *_9p configure.
inline constexpr std::string_view kVirtioFsPlugin = "virtiofs";
inline constexpr std::string_view kPlan9Plugin = "9p";

struct SharedFsName {
  std::string_view kata, ours;
};
inline constexpr SharedFsName kSharedFsNames[] = {
    {"virtio-fs", kVirtioFsPlugin}, {"virtio-9p", kPlan9Plugin}, {"none", "none"}};

// Kata's Go and Rust runtimes each have a name for it.
inline constexpr std::string_view kCloudhvPlugin = "cloudhv";
struct HypervisorName {
  std::string_view kata, ours;
};
inline constexpr HypervisorName kHypervisorNames[] = {{"clh", kCloudhvPlugin},
                                                      {"cloud-hypervisor", kCloudhvPlugin}};

// Kata's keys that one hypervisor's plugin implements and the others do not.
struct PluginKey {
  std::string_view plugin, key;
};
inline constexpr PluginKey kKeysOfOnePlugin[] = {
    {kCloudhvPlugin, "disable_seccomp"},
    {kCloudhvPlugin, "hypervisor_loglevel"},
    {kCloudhvPlugin, "rootfs_type"},
    {kCloudhvPlugin, "disable_nested_virtualization"},
    {kCloudhvPlugin, "reclaim_guest_freed_memory"},
    {kCloudhvPlugin, "disk_rate_limiter_bw_max_rate"},
    {kCloudhvPlugin, "disk_rate_limiter_bw_one_time_burst"},
    {kCloudhvPlugin, "disk_rate_limiter_ops_max_rate"},
    {kCloudhvPlugin, "disk_rate_limiter_ops_one_time_burst"},
    {kCloudhvPlugin, "net_rate_limiter_bw_max_rate"},
    {kCloudhvPlugin, "net_rate_limiter_bw_one_time_burst"},
    {kCloudhvPlugin, "net_rate_limiter_ops_max_rate"},
    {kCloudhvPlugin, "net_rate_limiter_ops_one_time_burst"}};

// Keys that Kata's Rust runtime spells otherwise than its Go runtime; plugins know the Go spelling.
struct KeySpelling {
  std::string_view rust, go;
};
inline constexpr KeySpelling kKeySpellings[] = {{"seccomp_sandbox", "seccompsandbox"}};

}  // namespace kata::config
