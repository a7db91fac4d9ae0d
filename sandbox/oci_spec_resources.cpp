// SPDX-License-Identifier: Apache-2.0
#include "sandbox/oci_spec_parts.h"

namespace kata::sandbox {
namespace {

constexpr std::int64_t kAnyDeviceNumber = -1;
constexpr std::int64_t kUnlimited = -1;
constexpr std::int64_t kMaxDeviceNumber = UINT32_MAX;

void read_device_rules(const JsonReader& from, grpc::LinuxResources& resources) {
  from.each_object("devices", [&](const JsonReader& item) {
    grpc::LinuxDeviceCgroup& rule = *resources.add_devices();
    rule.set_allow(item.flag("allow", Need::kRequired));
    rule.set_type(item.text("type"));
    rule.set_major(item.integer_or("major", kAnyDeviceNumber, kMaxDeviceNumber, kAnyDeviceNumber));
    rule.set_minor(item.integer_or("minor", kAnyDeviceNumber, kMaxDeviceNumber, kAnyDeviceNumber));
    rule.set_access(item.text("access"));
    if (rule.type().find_first_not_of("abc") != std::string::npos || rule.type().size() > 1)
      item.refuse("type", "expected 'a', 'b' or 'c', found '" + rule.type() + "'");
    if (rule.access().find_first_not_of("rwm") != std::string::npos)
      item.refuse("access", "expected letters of 'rwm', found '" + rule.access() + "'");
  });
}

void read_memory(const JsonReader& from, grpc::LinuxMemory& memory) {
  memory.set_limit(from.integer("limit", kUnlimited, INT64_MAX));
  memory.set_reservation(from.integer("reservation", kUnlimited, INT64_MAX));
  memory.set_swap(from.integer("swap", kUnlimited, INT64_MAX));
  memory.set_kernel(from.integer("kernel", kUnlimited, INT64_MAX));
  memory.set_kerneltcp(from.integer("kernelTCP", kUnlimited, INT64_MAX));
  memory.set_swappiness(static_cast<std::uint64_t>(from.integer("swappiness", 0, 200)));
  memory.set_disableoomkiller(from.flag("disableOOMKiller"));
}

void read_cpu(const JsonReader& from, grpc::LinuxCPU& cpu) {
  cpu.set_shares(from.natural("shares"));
  cpu.set_quota(from.integer("quota", kUnlimited, INT64_MAX));
  cpu.set_period(from.natural("period"));
  cpu.set_realtimeruntime(from.integer("realtimeRuntime", kUnlimited, INT64_MAX));
  cpu.set_realtimeperiod(from.natural("realtimePeriod"));
  cpu.set_cpus(from.text("cpus"));
  cpu.set_mems(from.text("mems"));
  warn_unhonoured(from, {"burst", "idle"});
}

template <class Add>
void read_throttles(const JsonReader& from, const char* key, Add add) {
  from.each_object(key, [&](const JsonReader& item) {
    grpc::LinuxThrottleDevice& device = *add();
    device.set_major(item.integer("major", 0, kMaxDeviceNumber, Need::kRequired));
    device.set_minor(item.integer("minor", 0, kMaxDeviceNumber, Need::kRequired));
    device.set_rate(item.natural("rate"));
  });
}

void read_block_io(const JsonReader& from, grpc::LinuxBlockIO& block) {
  block.set_weight(from.natural32("weight"));
  block.set_leafweight(from.natural32("leafWeight"));
  from.each_object("weightDevice", [&](const JsonReader& item) {
    grpc::LinuxWeightDevice& device = *block.add_weightdevice();
    device.set_major(item.integer("major", 0, kMaxDeviceNumber, Need::kRequired));
    device.set_minor(item.integer("minor", 0, kMaxDeviceNumber, Need::kRequired));
    device.set_weight(item.natural32("weight"));
    device.set_leafweight(item.natural32("leafWeight"));
  });
  read_throttles(from, "throttleReadBpsDevice", [&] { return block.add_throttlereadbpsdevice(); });
  read_throttles(from, "throttleWriteBpsDevice",
                 [&] { return block.add_throttlewritebpsdevice(); });
  read_throttles(from, "throttleReadIOPSDevice",
                 [&] { return block.add_throttlereadiopsdevice(); });
  read_throttles(from, "throttleWriteIOPSDevice",
                 [&] { return block.add_throttlewriteiopsdevice(); });
}

void read_network(const JsonReader& from, grpc::LinuxNetwork& network) {
  network.set_classid(from.natural32("classID"));
  from.each_object("priorities", [&](const JsonReader& item) {
    grpc::LinuxInterfacePriority& priority = *network.add_priorities();
    priority.set_name(item.text("name", Need::kRequired));
    priority.set_priority(item.natural32("priority", Need::kRequired));
  });
}

}  // namespace

void read_resources(const JsonReader& from, grpc::LinuxResources& resources) {
  read_device_rules(from, resources);
  from.object("memory",
              [&](const JsonReader& part) { read_memory(part, *resources.mutable_memory()); });
  from.object("cpu", [&](const JsonReader& part) { read_cpu(part, *resources.mutable_cpu()); });
  from.object("pids", [&](const JsonReader& part) {
    resources.mutable_pids()->set_limit(
        part.integer("limit", kUnlimited, INT64_MAX, Need::kRequired));
  });
  from.object("blockIO",
              [&](const JsonReader& part) { read_block_io(part, *resources.mutable_blockio()); });
  from.each_object("hugepageLimits", [&](const JsonReader& item) {
    grpc::LinuxHugepageLimit& limit = *resources.add_hugepagelimits();
    limit.set_pagesize(item.text("pageSize", Need::kRequired));
    limit.set_limit(item.natural("limit", Need::kRequired));
  });
  from.object("network",
              [&](const JsonReader& part) { read_network(part, *resources.mutable_network()); });
  check_resources_schema(from);
}

}  // namespace kata::sandbox
