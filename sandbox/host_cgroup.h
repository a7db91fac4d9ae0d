// SPDX-License-Identifier: Apache-2.0
//
// Control groups of the host that a sandbox's processes are in: version 1 with its hierarchies,
// version 2, or both side by side. A group is named by its path below each mount point, "/a/b".
//
// Limits are not set here: those of a container hold in the guest, those of a pod are its engine's,
// in a parent of this group. What is set is which devices the VMM can open.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "kata/result.h"

namespace kata::sandbox {

// linux.cgroupsPath → a path below the mount points. "slice:prefix:name" becomes the path that
// systemd gives that scope. ".." leads nowhere above the mount point. Empty: a group below /kata
// that is named after the sandbox.
Result<std::string> cgroup_path(std::string_view cgroups_path, std::string_view sandbox_id);

bool has_systemd_form(std::string_view cgroups_path);

// cgroups_path as --systemd-cgroup promises it: "slice:prefix:name", of which systemd can make a
// scope. Empty: a scope of system.slice that is named after the sandbox.
Result<std::string> systemd_cgroups_path(std::string_view cgroups_path,
                                         std::string_view sandbox_id);

// linux.cgroupsPath as a caller reads it.
struct CgroupsPath {
  std::string text{};
  bool systemd_scope = false;  // systemd is to make the group and to own it
};

// Where the processes go that [runtime] sandbox_cgroup_only = false keeps out of the pod's group.
std::string overhead_cgroup_path(std::string_view sandbox_id);

// The groups of one sandbox.
struct SandboxCgroups {
  std::string pod{};           // empty: none, the processes stay where they were started
  std::string overhead{};      // empty: all are in the pod's
  bool systemd_scope = false;  // the pod's is a scope of systemd: systemd_scope.h
  friend bool operator==(const SandboxCgroups&, const SandboxCgroups&) = default;
};

struct CgroupMount {
  std::filesystem::path mount_point{};
  bool unified = false;                    // version 2
  std::vector<std::string> controllers{};  // of version 1
  friend bool operator==(const CgroupMount&, const CgroupMount&) = default;
};

// From the text of /proc/self/mountinfo. A hierarchy that is mounted twice counts once.
std::vector<CgroupMount> cgroup_mounts(std::string_view mountinfo);

struct DeviceRule {  // -1: any
  char type = 'c';
  std::int32_t major = -1, minor = -1;
  const char* access = "rwm";
};
// What VMM, file server and network plugin open. `proc_devices`: the text of /proc/devices, for the
// numbers that are given out at run time.
std::vector<DeviceRule> devices_of_a_vmm(std::string_view proc_devices);

// Threads: [any], it holds nothing but the list.
class Cgroups {
 public:
  explicit Cgroups(std::vector<CgroupMount> mounts) : mounts_(std::move(mounts)) {}
  static Result<Cgroups> of_this_host();

  bool none() const noexcept { return mounts_.empty(); }
  // Every thread can be in a group of its own: version 1 alone has that.
  bool places_threads() const noexcept;

  // In each hierarchy, with its parents. What is there already is used.
  Result<void> make(const std::string& path) const;
  // Only where systemd, whose group it is, has none: it leaves hierarchies to others.
  Result<void> make_where_missing(const std::string& path) const;
  Result<void> add_process(const std::string& path, std::int32_t pid) const;
  Result<void> add_threads(const std::string& path, const std::vector<std::int32_t>& tids) const;

  // Denies all devices but these; those that a parent denies stay denied. Version 1 has a
  // hierarchy for it; without that the kernel gets a program for the version 2 group.
  Result<void> restrict_devices(const std::string& path,
                                const std::vector<DeviceRule>& allowed) const;
  // Once more, with `all` that shall be allowed now; what was open before stays so meanwhile.
  Result<void> allow_devices(const std::string& path, const std::vector<DeviceRule>& all) const;

  // With the groups below it, and the parent if that is ours and empty. Waits for processes that
  // are about to end. Gone already is fine.
  Result<void> remove(const std::string& path, Deadline deadline) const;

 private:
  bool has_device_hierarchy() const noexcept;
  template <class Do>
  Result<void> for_each(const std::string& path, Do act) const;

  std::vector<CgroupMount> mounts_;
};

}  // namespace kata::sandbox
