// SPDX-License-Identifier: Apache-2.0
#include "sandbox/sandbox_cgroups.h"

#include <unistd.h>

#include <fstream>
#include <sstream>

#include "core/base/log.h"
#include "kata/concat.h"
#include "sandbox/systemd_scope.h"

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
    if (groups.systemd_scope)
      KATA_TRY(cgroups.make_where_missing(path), "");
    else
      KATA_TRY(cgroups.make(path), "");
    auto restricted = cgroups.restrict_devices(path, devices_of_a_vmm(device_numbers()));
    if (!restricted.ok() && restricted.error().code == ErrorCode::kUnsupported)
      log::warn("the VMM may open every device: this host takes no device program",
                {{"error", restricted.error().message}});
    else
      KATA_TRY(std::move(restricted), "");
  }
  return {};
}

bool this_process_is_in(const std::string& path) {
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);)
    if (line.ends_with(concat(':', path))) return true;
  return false;
}

// A scope without processes ends by itself, so a systemd that cannot be asked leaves no more than a
// name behind.
Result<void> end_scope(const Cgroups& cgroups, const std::string& path,
                       const Result<void>& removed) {
  auto stopped = stop_scope(path);
  if (!removed.ok())
    return stopped.ok() ? cgroups.remove(path, std::chrono::steady_clock::now())
                        : in_context(std::move(stopped).error(), removed.error().message);
  if (!stopped.ok())
    log::warn("the scope is empty, but systemd was not told", {{"error", stopped.error().message}});
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
    if (cannot_be_written(error) && !groups.systemd_scope) error.code = ErrorCode::kUnavailable;
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

Result<void> allow_devices_of_vmm(const SandboxCgroups& groups,
                                  const std::vector<DeviceRule>& devices) {
  const Cgroups cgroups = KATA_TRY(Cgroups::of_this_host(), "");
  std::vector<DeviceRule> all = devices_of_a_vmm(device_numbers());
  all.insert(all.end(), devices.begin(), devices.end());
  for (const std::string& path : {groups.pod, groups.overhead})
    if (!path.empty()) KATA_TRY(cgroups.allow_devices(path, all), "");
  return {};
}

Result<void> leave_cgroups(const SandboxCgroups& groups) {
  if (groups.pod.empty()) return {};
  return KATA_TRY(Cgroups::of_this_host(), "").add_process("/", ::getpid());
}

// First the groups, because systemd would kill what is about to leave them.
Result<void> remove_cgroups(const SandboxCgroups& groups, Deadline deadline) {
  if (groups.pod.empty()) return {};
  const Cgroups cgroups = KATA_TRY(Cgroups::of_this_host(), "");
  auto pod = cgroups.remove(groups.pod, deadline);
  if (groups.systemd_scope && !this_process_is_in(groups.pod))
    pod = end_scope(cgroups, groups.pod, pod);
  KATA_TRY(cgroups.remove(groups.overhead, deadline), "");
  return pod;
}

}  // namespace kata::sandbox
