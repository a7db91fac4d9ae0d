// SPDX-License-Identifier: Apache-2.0
//
// What `check` and `env` know of the host. Read once; judgements are functions of it.
#pragma once

#include <cstdint>
#include <string>

namespace kata::runtime {

struct HostReport {
  bool is_root = false;
  int kvm_errno = 0;             // of opening /dev/kvm and making a VM; 0: it works
  int vsock_errno = 0;           // of opening /dev/vhost-vsock
  int tun_errno = 0;             // of opening /dev/net/tun
  bool cpu_virtualises = false;  // vmx or svm
  std::uint32_t cpus = 0;
  std::uint64_t memory_kib = 0, available_kib = 0, free_huge_kib = 0;
  std::string cpu_vendor{}, cpu_model{};
  std::string kernel{}, architecture{};
  std::string distribution{}, distribution_version{};
};

HostReport read_host_report();

// The parts that parse what the kernel and the distribution wrote.
void read_cpuinfo(const std::string& text, HostReport& report);
void read_meminfo(const std::string& text, HostReport& report);
void read_os_release(const std::string& text, HostReport& report);

}  // namespace kata::runtime
