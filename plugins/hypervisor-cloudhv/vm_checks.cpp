// SPDX-License-Identifier: Apache-2.0
#include "vm_checks.h"

#include "kata/concat.h"
#include "vm_config.h"

namespace kata::cloudhv {
namespace {

Result<void> carries(const Device& device) {
  if (const auto* const share = std::get_if<Plan9Share>(&device))
    return make_error(ErrorCode::kUnsupported,
                      concat("9p share '", share->id, "': hypervisor 'cloudhv' has no 9p server: ",
                             "select [plugins] shared_filesystem = \"virtiofs\""));
  return {};
}

}  // namespace

Result<void> check_spec(const CloudhvConfig& config, const VmSpec& spec) {
  KATA_TRY(vmm::check_program(kCloudhv, config.path), "");
  KATA_TRY(vmm::check_spec(kCloudhv, spec), "");
  if (!spec.image.empty() && !spec.initrd.empty())
    return make_error(ErrorCode::kInvalidArgument,
                      "a guest has an initrd or an image, not both: set one of "
                      "hypervisor.cloudhv.initrd and hypervisor.cloudhv.image");
  if (spec.image.empty())
    KATA_TRY(vmm::check_guest_file(kCloudhv, "initrd", spec.initrd), "");
  else
    KATA_TRY(vmm::check_guest_file(kCloudhv, "image", spec.image), "");
  return vmm::check_kernel_params(kCloudhv, spec, kernel_command_line(config, spec).size());
}

Result<void> check_devices(std::span<const Device> devices, bool shared_memory,
                           std::uint32_t vcpus) {
  KATA_TRY(vmm::check_devices(devices, shared_memory, carries), "");
  for (const Device& device : devices) {
    const auto* const tap = std::get_if<TapDevice>(&device);
    if (tap != nullptr && tap->queues.size() > vcpus)
      return make_error(ErrorCode::kInvalidArgument,
                        concat("tap '", tap->id, "' has ", tap->queues.size(), " queues for ",
                               vcpus, " vCPUs: cloud-hypervisor takes at most one a vCPU"));
    if (vmm::id_of(device) == kGuestImageId)
      return make_error(ErrorCode::kInvalidArgument,
                        concat("device id '", kGuestImageId, "' is the plugin's own"));
  }
  return {};
}

}  // namespace kata::cloudhv
