// SPDX-License-Identifier: Apache-2.0
#include "sandbox/sandbox_cgroups.h"

#include <unistd.h>

#include <fstream>
#include <sstream>

namespace kata::sandbox {

namespace {

const std::string& beside_vmm(const SandboxCgroups& groups) {
  return groups.overhead.empty() ? groups.pod : groups.overhead;
}

std::string device_numbers() {
  std::ifstream file("/proc/devices");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool cannot_be_written(const Error& error) {
  return error.sys_errno == EROFS || error.sys_errno == EACCES || error.sys_errno == EPERM;
}

Result<void> make_all(const Cgroups& cgroups, const SandboxCgroups& groups) {
  for (const std::string& path : {groups.pod, groups.overhead}) {
    if (path.empty()) continue;
    KATA_TRY(cgroups.make(path), "");
    KATA_TRY(cgroups.restrict_devices(path, devices_of_a_vmm(device_numbers())), "");
  }
  return {};
}

}  // namespace

Result<void> enter_cgroups(const SandboxCgroups& groups) {
  if (groups.pod.empty()) return {};
  const Cgroups cgroups = KATA_TRY(Cgroups::of_this_host(), "");
  if (cgroups.none())
    return make_error(ErrorCode::kUnavailable, "no control groups are mounted on this host");
  auto made = make_all(cgroups, groups);
  if (!made.ok()) {
    Error error = std::move(made).error();
    if (cannot_be_written(error)) error.code = ErrorCode::kUnavailable;
    return error;
  }
  return cgroups.add_process(beside_vmm(groups), ::getpid());
}

Result<void> place_beside_vmm(const SandboxCgroups& groups, std::int32_t pid) {
  if (groups.pod.empty()) return {};
  return KATA_TRY(Cgroups::of_this_host(), "").add_process(beside_vmm(groups), pid);
}

Result<void> place_vmm(const SandboxCgroups& groups, const VmProcesses& vmm) {
  if (groups.pod.empty() || groups.overhead.empty()) return {};
  const Cgroups cgroups = KATA_TRY(Cgroups::of_this_host(), "");
  if (cgroups.places_threads()) return cgroups.add_threads(groups.pod, vmm.vcpu_tids);
  return cgroups.add_process(groups.pod, vmm.vmm_pid);
}

Result<void> allow_device_of_vmm(const SandboxCgroups& groups, const DeviceRule& device) {
  const Cgroups cgroups = KATA_TRY(Cgroups::of_this_host(), "");
  for (const std::string& path : {groups.pod, groups.overhead})
    if (!path.empty()) KATA_TRY(cgroups.allow_device(path, device), "");
  return {};
}

Result<void> remove_cgroups(const SandboxCgroups& groups, Deadline deadline) {
  if (groups.pod.empty()) return {};
  const Cgroups cgroups = KATA_TRY(Cgroups::of_this_host(), "");
  auto pod = cgroups.remove(groups.pod, deadline);
  KATA_TRY(cgroups.remove(groups.overhead, deadline), "");
  return pod;
}

}  // namespace kata::sandbox
