// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-plugin-check/suite.h"

#include "kata/plugin/fingerprint.h"

namespace kata::check {

std::vector<Suite> suites_of(std::string_view interface_id) {
  if (interface_id == KATA_INTERFACE_Hypervisor)
    return {instance_suite(), hypervisor_suite(), vm_life_suite()};
  if (interface_id == KATA_INTERFACE_Network) return {instance_suite(), network_suite()};
  if (interface_id == KATA_INTERFACE_SharedFilesystem)
    return {instance_suite(), shared_filesystem_suite()};
  if (interface_id == KATA_INTERFACE_MemoryDedup) return {instance_suite(), memory_dedup_suite()};
  return {};
}

std::string_view name_of(ErrorCode code) noexcept {
  constexpr std::string_view kNames[] = {
      "kInternal",           "kInvalidArgument",   "kNotFound", "kAlreadyExists",
      "kUnsupported",        "kUnavailable",       "kTimeout",  "kPermission",
      "kFailedPrecondition", "kResourceExhausted", "kCancelled"};
  const auto index = static_cast<std::size_t>(code) - 1;
  return index < std::size(kNames) ? kNames[index] : "an unknown code";
}

}  // namespace kata::check
