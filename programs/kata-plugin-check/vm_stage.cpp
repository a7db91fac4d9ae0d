// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-plugin-check/vm_stage.h"

#include <fstream>

namespace kata::check {

namespace {
constexpr std::uint64_t kMemoryMib = 256;
}

VmSpec vm_spec(const Workplace& workplace) {
  const config::VmConfig& vm = workplace.subject.vm;
  VmSpec spec;
  spec.id = "plugin-check";
  spec.kernel = vm.kernel;
  spec.initrd = vm.initrd;
  spec.image = vm.image;
  spec.kernel_params = vm.kernel_params;
  spec.boot = {1, vm.default_memory_mib != 0 ? vm.default_memory_mib : kMemoryMib};
  spec.maximum = spec.boot;
  return spec;
}

Result<std::unique_ptr<Hypervisor>> created_vm(const Workplace& workplace) {
  auto hypervisor = KATA_TRY(workplace.subject.hypervisor(workplace.context()), "");
  KATA_TRY(hypervisor->create_vm(vm_spec(workplace), {}), "create_vm");
  return hypervisor;
}

Result<std::unique_ptr<Hypervisor>> started_vm(const Workplace& workplace) {
  auto hypervisor = KATA_TRY(created_vm(workplace), "");
  KATA_TRY(hypervisor->start_vm(in(std::chrono::seconds(30))), "start_vm");
  return hypervisor;
}

bool is_running(pid_t pid) {
  std::ifstream file(concat("/proc/", pid, "/stat"));
  std::string text;
  if (!std::getline(file, text)) return false;
  const std::size_t at = text.rfind(')');
  return at != std::string::npos && at + 2 < text.size() && text[at + 2] != 'Z';
}

}  // namespace kata::check
