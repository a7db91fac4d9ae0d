// SPDX-License-Identifier: Apache-2.0
//
// What Cloud Hypervisor's replies say, as values. They are not trusted: a field that is missing or
// of another type is an error that names it.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "kata/plugin/draft/hypervisor_counters.h"
#include "kata/result.h"

namespace kata::cloudhv {

inline constexpr std::uint32_t kOldestMajor = 39;
// From which version on a word of ours means something; earlier ones ignore it.
inline constexpr std::uint32_t kLandlockMajor = 41;
inline constexpr std::uint32_t kNestedMajor = 50;
inline constexpr std::uint32_t kImageTypeMajor = 51;

struct VmmVersion {
  std::uint32_t major = 0;
  std::string text{};  // "v54.0.0"
};

// Of vmm.ping. kUnsupported: too old, or built without KVM and MSHV.
Result<VmmVersion> parse_ping(std::string_view body);

struct VmInfo {         // of vm.info
  std::string state{};  // "Created", "Running", "Paused", "Shutdown", "BreakPoint"
  std::uint32_t vcpus = 0, most_vcpus = 0;
  std::uint64_t memory_bytes = 0, most_memory_bytes = 0;
  std::uint64_t boot_memory_bytes = 0;
  std::set<std::string> devices{};     // that the guest has, by id
  std::set<std::string> configured{};  // those that it is to keep
};
Result<VmInfo> parse_info(std::string_view body);

// Of a body that came with an error: a list of causes since version 47, one text before.
std::string words_of_refusal(std::string_view body);

// A resize must wait: the guest still gives back vCPUs of an earlier one.
bool is_removal_pending(unsigned status, std::string_view body);

// Of vm.add-*, as Kata's PCI path: "05" of "0000:00:05.0". "" of an empty body: the VM has not
// booted, and the address is not known yet.
Result<std::string> parse_guest_address(std::string_view body);

// Of vm.counters.
Result<std::vector<VmCounter>> parse_counters(std::string_view body);

}  // namespace kata::cloudhv
