// SPDX-License-Identifier: Apache-2.0
//
// What this host offers to a VM, read once; the decisions that follow from it are pure functions
// (accelerator.h, agent_transport.h).
#pragma once

#include <string>
#include <string_view>

namespace kata::qemu {

struct HostFacts {
  int kvm_errno = 0;        // of opening /dev/kvm; 0: it opens
  int vsock_errno = 0;      // of opening /dev/vhost-vsock
  int vhost_net_errno = 0;  // of opening /dev/vhost-net
  std::string cpu_flags{};  // the "flags" line of /proc/cpuinfo
};

HostFacts read_host_facts();

// Whether `flags` holds `flag` as a whole word.
bool has_cpu_flag(std::string_view flags, std::string_view flag);

}  // namespace kata::qemu
