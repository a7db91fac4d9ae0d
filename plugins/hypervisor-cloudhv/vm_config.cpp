// SPDX-License-Identifier: Apache-2.0
#include "vm_config.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "kata/concat.h"

namespace kata::cloudhv {
namespace {

using Json = nlohmann::json;

constexpr std::uint32_t kDiskQueueSize = 1024, kNetQueueSize = 256;
constexpr std::uint32_t kRefillMs = 1000;
constexpr std::uint64_t kBitsInByte = 8;

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json bucket(std::uint64_t size, std::uint64_t burst) {
  Json bucket = {{"size", size}, {"refill_time", kRefillMs}};
  if (burst != 0) bucket["one_time_burst"] = burst;
  return bucket;
}

void set_limit(Json& device, const RateLimit& limit) {
  Json limiter = Json::object();
  if (limit.bits != 0)
    limiter["bandwidth"] = bucket(std::max<std::uint64_t>(1, limit.bits / kBitsInByte),
                                  limit.bits_burst / kBitsInByte);
  if (limit.operations != 0) limiter["ops"] = bucket(limit.operations, limit.operations_burst);
  if (!limiter.empty()) device["rate_limiter_config"] = std::move(limiter);
}

// The format is always said: to guess it from the guest's own bytes is how a guest reads a host's
// file.
Json disk_json(const CloudhvConfig& config, const BlockDevice& disk, std::uint32_t vcpus) {
  Json json = {{"id", disk.id},       {"path", disk.path.native()},  {"readonly", disk.read_only},
               {"direct", false},     {"vhost_user", false},         {"image_type", "Raw"},
               {"num_queues", vcpus}, {"queue_size", kDiskQueueSize}};
  set_limit(json, config.disk);
  return json;
}

Json fs_json(const VhostUserFs& share) {
  return {{"id", share.id},
          {"tag", share.tag},
          {"socket", share.socket.native()},
          {"num_queues", 1},
          {"queue_size", share.queue_size},
          {"pci_segment", kFilesystemSegment}};
}

Json pci_json(const HostPciDevice& device) {
  return {{"id", device.id}, {"path", concat("/sys/bus/pci/devices/", device.address, "/")}};
}

Json cpus_json(const CloudhvConfig& config, const VmSpec& spec) {
  const std::uint32_t most = std::min(kMostVcpus, std::max(spec.maximum.vcpus, spec.boot.vcpus));
  Json json = {{"boot_vcpus", spec.boot.vcpus},
               {"max_vcpus", most},
               {"topology",
                {{"threads_per_core", 1},
                 {"cores_per_die", most},
                 {"dies_per_package", 1},
                 {"packages", 1}}}};
  if (config.disable_nested_virtualization) json["nested"] = false;
  return json;
}

Json memory_json(const VmSpec& spec) {
  Json json = {{"size", spec.boot.memory_mib << 20},
               {"shared", spec.shared_memory || spec.hugepages},
               {"hugepages", spec.hugepages},
               {"mergeable", spec.mergeable_memory}};
  // A block more than is used: before version 43 the last one cannot be plugged in.
  const std::uint64_t room = most_memory_bytes(spec) - (spec.boot.memory_mib << 20);
  if (room != 0) json["hotplug_size"] = room + (kMemoryBlockMib << 20);
  return json;
}

Json payload_json(const CloudhvConfig& config, const VmSpec& spec) {
  Json json = {{"kernel", spec.kernel.native()}, {"cmdline", kernel_command_line(config, spec)}};
  if (!spec.initrd.empty()) json["initramfs"] = spec.initrd.native();
  return json;
}

void add_device(Json& vm, const CloudhvConfig& config, const VmSpec& spec, const Device& device) {
  if (const auto* const disk = std::get_if<BlockDevice>(&device))
    vm["disks"].push_back(disk_json(config, *disk, spec.boot.vcpus));
  else if (const auto* const share = std::get_if<VhostUserFs>(&device))
    vm["fs"].push_back(fs_json(*share));
  else if (const auto* const pci = std::get_if<HostPciDevice>(&device))
    vm["devices"].push_back(pci_json(*pci));
}

std::string root_words(const CloudhvConfig& config) {
  std::string words = concat(" root=/dev/vda1 ro rootfstype=", config.rootfs_type);
  if (config.rootfs_type == "ext4") words += " rootflags=data=ordered,errors=remount-ro";
  return words;
}

}  // namespace

std::string create_body(const CloudhvConfig& config, const VmSpec& spec,
                        std::span<const Device> devices, const VmFiles& files) {
  Json vm = {{"payload", payload_json(config, spec)},
             {"cpus", cpus_json(config, spec)},
             {"memory", memory_json(spec)},
             {"rng", {{"src", config.entropy_source.native()}}},
             {"vsock", {{"cid", kGuestCid}, {"socket", files.vsock.native()}}},
             {"serial", {{"mode", "File"}, {"file", files.console.native()}}},
             {"console", {{"mode", "Off"}}}};
  if (!spec.image.empty())  // the first disk: /dev/vda
    vm["disks"].push_back(
        disk_json(config, BlockDevice{kGuestImageId, spec.image, true}, spec.boot.vcpus));
  for (const Device& device : devices) add_device(vm, config, spec, device);
  if (spec.shared_memory) vm["platform"] = {{"num_pci_segments", kFilesystemSegment + 1}};
  if (config.reclaim_guest_freed_memory)
    vm["balloon"] = {{"size", 0}, {"free_page_reporting", true}};
  if (config.landlock) {
    vm["landlock_enable"] = true;
    vm["landlock_rules"] = {{{"path", files.directory.native()}, {"access", "rw"}}};
  }
  return text_of(vm);
}

std::string kernel_command_line(const CloudhvConfig& config, const VmSpec& spec) {
  // panic=-1: a guest that panics resets at once, and the loss of its agent ends the sandbox.
  std::string words = "console=ttyS0 quiet panic=-1 no_timer_check noreplace-smp cryptomgr.notests";
  if (!spec.image.empty()) words += root_words(config);
  if (!spec.kernel_params.empty()) words += concat(" ", spec.kernel_params);
  return words;
}

std::string disk_body(const CloudhvConfig& config, const BlockDevice& disk, std::uint32_t vcpus) {
  return text_of(disk_json(config, disk, vcpus));
}

std::string net_body(const CloudhvConfig& config, const TapDevice& tap) {
  Json json = {{"id", tap.id},
               {"mac", tap.mac},
               {"num_queues", 2 * tap.queues.size()},
               {"queue_size", kNetQueueSize}};
  set_limit(json, config.net);
  return text_of(json);
}

std::string fs_body(const VhostUserFs& share) { return text_of(fs_json(share)); }
std::string pci_body(const HostPciDevice& device) { return text_of(pci_json(device)); }

std::string resize_body(std::uint32_t vcpus, std::uint64_t memory_bytes) {
  Json json = Json::object();
  if (vcpus != 0) json["desired_vcpus"] = vcpus;
  if (memory_bytes != 0) json["desired_ram"] = memory_bytes;
  return text_of(json);
}

std::string remove_body(std::string_view device_id) {
  const Json body = {{"id", device_id}};
  return text_of(body);
}

std::string directory_body(std::string_view key, const std::filesystem::path& directory) {
  Json body = Json::object();
  body[std::string(key)] = concat("file://", directory.native());
  return text_of(body);
}

std::uint64_t most_memory_bytes(const VmSpec& spec) {
  const std::uint64_t boot = spec.boot.memory_mib;
  const std::uint64_t more = spec.maximum.memory_mib > boot ? spec.maximum.memory_mib - boot : 0;
  return (boot + more / kMemoryBlockMib * kMemoryBlockMib) << 20;
}

}  // namespace kata::cloudhv
