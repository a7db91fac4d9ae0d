// SPDX-License-Identifier: Apache-2.0
//
// What is plugged into a VM that runs.
#include <mutex>
#include <utility>

#include "kata/concat.h"
#include "nic_hotplug.h"
#include "qemu_hypervisor.h"
#include "vm_spec_check.h"

namespace kata::qemu {

Result<AttachedDevice> QemuHypervisor::attach(Device device, Deadline deadline) {
  const std::string id = std::visit([](const auto& it) { return it.id; }, device);
  const std::string what = concat("attach device '", id, "'");
  const auto* const tap = std::get_if<TapDevice>(&device);
  if (tap == nullptr)
    return make_error(
        ErrorCode::kUnsupported,
        concat(what, ": hypervisor 'qemu' takes only NICs while a VM runs, others in ",
               "create_vm"));
  KATA_TRY(check_devices({&device, 1}, false), what);
  const std::lock_guard lock(monitor_mutex_);
  QmpClient* const qemu = KATA_TRY(monitor(deadline), what);
  const std::uint32_t slot = KATA_TRY(nics_.take(id), what);
  auto plugged = plug_nic(*qemu, *tap, slot, vhost_net_, deadline);
  if (plugged.ok()) return AttachedDevice{id, nic_address(slot)};
  nics_.free(id);
  return in_context(std::move(plugged).error(), what);
}

Result<void> QemuHypervisor::detach(std::string_view device_id, Deadline deadline) {
  const std::string what = concat("detach device '", device_id, "'");
  if (!nics_.has(device_id))
    return make_error(ErrorCode::kNotFound, concat(what, ": the VM has no such NIC"));
  const std::lock_guard lock(monitor_mutex_);
  QmpClient* const qemu = KATA_TRY(monitor(deadline), what);
  KATA_TRY(unplug_nic(*qemu, device_id, deadline), what);
  nics_.free(device_id);
  return {};
}

}  // namespace kata::qemu
