// SPDX-License-Identifier: Apache-2.0
#include "vm_spec_check.h"

#include "command_line.h"
#include "kata/concat.h"

namespace kata::qemu {
namespace {

Result<void> carries(const Device& device) {
  if (const auto* const pci = std::get_if<HostPciDevice>(&device))
    return make_error(
        ErrorCode::kUnsupported,
        concat("host PCI device '", pci->address, "': hypervisor 'qemu' cannot pass it through"));
  return {};
}

}  // namespace

Result<void> check_spec(const QemuConfig& config, const VmSpec& spec) {
  KATA_TRY(vmm::check_program(kQemu, config.path), "");
  KATA_TRY(vmm::check_spec(kQemu, spec), "");
  if (!spec.image.empty())
    return make_error(ErrorCode::kUnsupported,
                      concat("guest image '", spec.image, "': hypervisor 'qemu' boots an initrd: ",
                             "set hypervisor.qemu.initrd instead of hypervisor.qemu.image"));
  KATA_TRY(vmm::check_guest_file(kQemu, "initrd", spec.initrd), "");
  const std::string longest =
      kernel_command_line(spec, Accelerator::kTcg, 10'000'000, AgentTransport::kSerial);
  return vmm::check_kernel_params(kQemu, spec, longest.size());
}

Result<void> check_devices(std::span<const Device> devices, bool shared_memory) {
  return vmm::check_devices(devices, shared_memory, carries);
}

}  // namespace kata::qemu
