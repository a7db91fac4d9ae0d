// SPDX-License-Identifier: Apache-2.0
//
// The [hypervisor.cloudhv] keys that this plugin honours, as a value. The host has already checked
// names and types against the field table in plugin.cpp; what is checked here is meaning.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "kata/result.h"

namespace kata::cloudhv {

struct RateLimit {  // all per second; 0: no limit
  std::uint64_t bits = 0, bits_burst = 0;
  std::uint64_t operations = 0, operations_burst = 0;

  friend bool operator==(const RateLimit&, const RateLimit&) = default;
};

struct CloudhvConfig {
  std::filesystem::path path = "/usr/bin/cloud-hypervisor";
  bool disable_seccomp = false;
  bool landlock = true;                                   // the VMM opens what it was started with
  std::uint32_t hypervisor_loglevel = 0;                  // how many -v
  std::string rootfs_type = "ext4";                       // of a guest image
  std::filesystem::path entropy_source = "/dev/urandom";  // behind the guest's virtio-rng
  bool disable_nested_virtualization = false;
  bool reclaim_guest_freed_memory = false;
  RateLimit disk{}, net{};  // of each disk, of each NIC

  friend bool operator==(const CloudhvConfig&, const CloudhvConfig&) = default;
};

Result<CloudhvConfig> parse_config(std::string_view json);

}  // namespace kata::cloudhv
