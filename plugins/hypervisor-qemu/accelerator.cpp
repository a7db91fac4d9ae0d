// SPDX-License-Identifier: Apache-2.0
#include "accelerator.h"

#include <cstring>

#include "kata/concat.h"

namespace kata::qemu {
namespace {

// Why KVM cannot be used; empty: it can.
std::string kvm_obstacle(const HostFacts& host) {
  if (host.kvm_errno != 0) return concat("/dev/kvm: ", std::strerror(host.kvm_errno));
  if (has_cpu_flag(host.cpu_flags, "vmx") || has_cpu_flag(host.cpu_flags, "svm")) return {};
  return "/dev/kvm is there but the CPU offers neither vmx nor svm (/proc/cpuinfo)";
}

}  // namespace

Result<AcceleratorChoice> choose_accelerator(std::string_view wanted, const HostFacts& host) {
  if (wanted == "tcg")
    return AcceleratorChoice{Accelerator::kTcg, "hypervisor.qemu.accelerator = 'tcg'"};
  const std::string obstacle = kvm_obstacle(host);
  if (obstacle.empty())
    return AcceleratorChoice{Accelerator::kKvm, "/dev/kvm opens and the CPU offers vmx or svm"};
  if (wanted == "kvm")
    return make_error(ErrorCode::kUnsupported,
                      concat("hypervisor.qemu.accelerator = 'kvm' cannot be used: ", obstacle,
                             "; set it to 'auto' or 'tcg' to emulate"));
  return AcceleratorChoice{Accelerator::kTcg, obstacle};
}

}  // namespace kata::qemu
