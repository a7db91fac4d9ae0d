// SPDX-License-Identifier: Apache-2.0
//
// What changes while a VM runs: devices, size; and what it counts.
#include <algorithm>
#include <thread>
#include <utility>

#include "cloudhv_hypervisor.h"
#include "kata/concat.h"
#include "state_files.h"
#include "vm_checks.h"

namespace kata::cloudhv {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kRemovalPoll{20};  // the guest's consent to an unplug comes when it comes
constexpr milliseconds kResizeRetry{20};  // while an earlier removal of a vCPU is pending
constexpr int kResizeTries = 20;
constexpr milliseconds kUndoTime{2000};
constexpr std::uint64_t kMemoryBlock = kMemoryBlockMib << 20;

Deadline in(steady_clock::duration time) { return steady_clock::now() + time; }

bool sleep_before(Deadline deadline, milliseconds time) {
  if (in(time) >= deadline) return false;
  std::this_thread::sleep_for(time);
  return true;
}

// The most memory in whole blocks that is neither above `wanted` and `most` nor below what the VM
// has: memory only grows.
std::uint64_t memory_to_ask_for(const VmInfo& now, std::uint64_t wanted, std::uint64_t most) {
  wanted = std::min(wanted, most);
  if (wanted <= now.memory_bytes) return now.memory_bytes;
  const std::uint64_t more = wanted - now.memory_bytes;
  return now.memory_bytes + more / kMemoryBlock * kMemoryBlock;
}

VmResources resources_of(const VmInfo& info) { return {info.vcpus, info.memory_bytes >> 20}; }

}  // namespace

Result<AttachedDevice> CloudhvHypervisor::attach(Device device, Deadline deadline) {
  const std::string id = vmm::id_of(device);
  const std::string what = concat("attach device '", id, "'");
  KATA_TRY(api(), what);
  KATA_TRY(check_attachable(device), what);
  auto plugged = plug(device, deadline);
  if (plugged.ok()) {
    in_vm_.insert(id);
    return AttachedDevice{id, plugged.take()};
  }
  // The VMM may have plugged it in and lost its tongue; on failure the VM is as it was.
  (void)api_->put("vm.remove-device", remove_body(id), in(kUndoTime));
  return in_context(std::move(plugged).error(), what);
}

Result<void> CloudhvHypervisor::check_attachable(const Device& device) const {
  const std::string& id = vmm::id_of(device);
  if (in_vm_.count(id) != 0)
    return make_error(ErrorCode::kAlreadyExists, "the VM has a device of this id");
  const VmInfo now = KATA_TRY(info(in(kCallTime)), "");
  // Whether memory is shared was decided at the start; a VMM that lacks it refuses the share.
  KATA_TRY(check_devices({&device, 1}, true, now.vcpus), "");
  if (config_.landlock && !std::holds_alternative<TapDevice>(device))
    return make_error(
        ErrorCode::kUnsupported,
        "landlock confines cloud-hypervisor to the files it was started with, so it takes only "
        "NICs while a VM runs: set hypervisor.cloudhv.landlock = false to plug others");
  return {};
}

// Its guest address.
Result<std::string> CloudhvHypervisor::plug(const Device& device, Deadline deadline) {
  if (const auto* const tap = std::get_if<TapDevice>(&device)) return plug_nic(*tap, deadline);
  if (const auto* const share = std::get_if<VhostUserFs>(&device)) {
    KATA_TRY(api_->put("vm.add-fs", fs_body(*share), deadline), "");
    return std::string();  // on a PCI segment that Kata's paths do not name; found by its tag
  }
  const VmInfo now = KATA_TRY(info(deadline), "");
  const auto* const disk = std::get_if<BlockDevice>(&device);
  auto reply =
      disk != nullptr
          ? api_->put("vm.add-disk", disk_body(config_, *disk, now.vcpus), deadline)
          : api_->put("vm.add-device", pci_body(std::get<HostPciDevice>(device)), deadline);
  return parse_guest_address(KATA_TRY(std::move(reply), ""));
}

Result<std::string> CloudhvHypervisor::plug_nic(const TapDevice& tap, Deadline deadline) {
  std::vector<int> fds;
  for (const UniqueFd& queue : tap.queues) fds.push_back(queue.get());
  return parse_guest_address(
      KATA_TRY(api_->put("vm.add-net", net_body(config_, tap), deadline, fds), ""));
}

Result<void> CloudhvHypervisor::detach(std::string_view device_id, Deadline deadline) {
  const std::string what = concat("detach device '", device_id, "'");
  KATA_TRY(api(), what);
  const auto found = in_vm_.find(std::string(device_id));
  if (found == in_vm_.end())
    return make_error(ErrorCode::kNotFound, concat(what, ": the VM has no such device"));
  auto asked = api_->put("vm.remove-device", remove_body(*found), deadline);
  // Versions differ in their answer when an earlier detach met its deadline.
  if (!asked.ok() && KATA_TRY(info(deadline), what).configured.count(*found) != 0)
    return in_context(std::move(asked).error(), what);
  KATA_TRY(wait_until_gone(device_id, deadline), what);
  in_vm_.erase(found);
  return {};
}

Result<void> CloudhvHypervisor::wait_until_gone(std::string_view id, Deadline deadline) const {
  do {
    const VmInfo now = KATA_TRY(info(deadline), "");
    if (now.devices.count(std::string(id)) == 0) return {};
  } while (sleep_before(deadline, kRemovalPoll));
  return make_error(ErrorCode::kTimeout, "the guest did not let go of it before the deadline");
}

Result<VmResources> CloudhvHypervisor::resize(VmResources wanted, Deadline deadline) {
  const VmInfo before = KATA_TRY(info(deadline), "resize VM");
  const std::uint32_t vcpus = std::clamp(wanted.vcpus, 1U, std::max(before.most_vcpus, 1U));
  const std::uint64_t bytes =
      memory_to_ask_for(before, std::min(wanted.memory_mib, UINT64_MAX >> 20) << 20,
                        most_memory_ == 0 ? before.most_memory_bytes : most_memory_);
  if (vcpus == before.vcpus && bytes == before.memory_bytes) return resources_of(before);
  const std::string body =
      resize_body(vcpus == before.vcpus ? 0 : vcpus, bytes == before.memory_bytes ? 0 : bytes);
  KATA_TRY(ask_for_size(body, deadline), "resize VM");
  return resources_of(KATA_TRY(info(deadline), "resize VM"));
}

Result<void> CloudhvHypervisor::ask_for_size(const std::string& body, Deadline deadline) const {
  for (int tries = 1;; ++tries) {
    const HttpReply reply =
        KATA_TRY(api_->exchange("PUT", "vm.resize", body, deadline), "vm.resize");
    if (reply.status == 204 || reply.status == 200) return {};
    if (!is_removal_pending(reply.status, reply.body))
      return in_context(refusal(reply), "vm.resize");
    if (tries == kResizeTries || !sleep_before(deadline, kResizeRetry))
      return make_error(ErrorCode::kUnavailable,
                        concat("vm.resize: the guest still gives back vCPUs of an earlier resize, ",
                               "after ", tries, " tries"));
  }
}

Result<std::vector<VmCounter>> CloudhvHypervisor::counters(Deadline deadline) const {
  const ApiClient* const vmm = KATA_TRY(api(), "counters");
  return parse_counters(KATA_TRY(vmm->get("vm.counters", deadline), "counters"));
}

}  // namespace kata::cloudhv
