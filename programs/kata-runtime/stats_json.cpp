// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/stats_json.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

namespace kata::runtime {

using nlohmann::ordered_json;

namespace {

void add_unless_zero(ordered_json& to, const char* key, std::uint64_t value) {
  if (value != 0) to[key] = value;
}

ordered_json cpu_json(const grpc::CpuStats& cpu) {
  ordered_json usage = ordered_json::object();
  add_unless_zero(usage, "total", cpu.cpu_usage().total_usage());
  if (cpu.cpu_usage().percpu_usage_size() != 0)
    usage["percpu"] = std::vector<std::uint64_t>(cpu.cpu_usage().percpu_usage().begin(),
                                                 cpu.cpu_usage().percpu_usage().end());
  usage["kernel"] = cpu.cpu_usage().usage_in_kernelmode();
  usage["user"] = cpu.cpu_usage().usage_in_usermode();
  ordered_json throttling = ordered_json::object();
  add_unless_zero(throttling, "periods", cpu.throttling_data().periods());
  add_unless_zero(throttling, "throttledPeriods", cpu.throttling_data().throttled_periods());
  add_unless_zero(throttling, "throttledTime", cpu.throttling_data().throttled_time());
  return {{"usage", usage}, {"throttling", throttling}};
}

ordered_json memory_part(const grpc::MemoryData& part) {
  ordered_json json;
  json["limit"] = part.limit();
  add_unless_zero(json, "usage", part.usage());
  add_unless_zero(json, "max", part.max_usage());
  json["failcnt"] = part.failcnt();
  return json;
}

ordered_json memory_json(const grpc::MemoryStats& memory) {
  ordered_json json = ordered_json::object();
  add_unless_zero(json, "cache", memory.cache());
  json["usage"] = memory_part(memory.usage());
  json["swap"] = memory_part(memory.swap_usage());
  json["kernel"] = memory_part(memory.kernel_usage());
  json["kernelTCP"] = memory_part(grpc::MemoryData());  // the agent has no numbers of it
  if (!memory.stats().empty())
    json["raw"] =
        std::map<std::string, std::uint64_t>(memory.stats().begin(), memory.stats().end());
  return json;
}

ordered_json blkio_json(const grpc::BlkioStats& blkio) {
  ordered_json json = ordered_json::object();
  const auto add = [&json](const char* key, const auto& entries) {
    for (const grpc::BlkioStatsEntry& entry : entries) {
      ordered_json item = ordered_json::object();
      add_unless_zero(item, "major", entry.major());
      add_unless_zero(item, "minor", entry.minor());
      if (!entry.op().empty()) item["op"] = entry.op();
      add_unless_zero(item, "value", entry.value());
      json[key].push_back(std::move(item));
    }
  };
  add("ioServiceBytesRecursive", blkio.io_service_bytes_recursive());
  add("ioServicedRecursive", blkio.io_serviced_recursive());
  add("ioQueueRecursive", blkio.io_queued_recursive());
  add("ioServiceTimeRecursive", blkio.io_service_time_recursive());
  add("ioWaitTimeRecursive", blkio.io_wait_time_recursive());
  add("ioMergedRecursive", blkio.io_merged_recursive());
  add("ioTimeRecursive", blkio.io_time_recursive());
  add("sectorsRecursive", blkio.sectors_recursive());
  return json;
}

ordered_json pids_json(const grpc::PidsStats& pids) {
  ordered_json json = ordered_json::object();
  add_unless_zero(json, "current", pids.current());
  add_unless_zero(json, "limit", pids.limit());
  return json;
}

ordered_json hugetlb_json(const grpc::CgroupStats& stats) {
  std::map<std::string, ordered_json> sizes;
  for (const auto& [size, numbers] : stats.hugetlb_stats()) {
    ordered_json json = ordered_json::object();
    add_unless_zero(json, "usage", numbers.usage());
    add_unless_zero(json, "max", numbers.max_usage());
    json["failcnt"] = numbers.failcnt();
    sizes[size] = std::move(json);
  }
  return sizes.empty() ? ordered_json::object() : ordered_json(sizes);
}

ordered_json network_json(const grpc::StatsContainerResponse& stats) {
  if (stats.network_stats().empty()) return nullptr;
  ordered_json links = ordered_json::array();
  for (const grpc::NetworkStats& link : stats.network_stats())
    links.push_back({{"Name", link.name()},
                     {"RxBytes", link.rx_bytes()},
                     {"RxPackets", link.rx_packets()},
                     {"RxErrors", link.rx_errors()},
                     {"RxDropped", link.rx_dropped()},
                     {"TxBytes", link.tx_bytes()},
                     {"TxPackets", link.tx_packets()},
                     {"TxErrors", link.tx_errors()},
                     {"TxDropped", link.tx_dropped()}});
  return links;
}

std::string one_line(const ordered_json& json) {
  return json.dump(-1, ' ', true, ordered_json::error_handler_t::replace);
}

}  // namespace

std::string stats_event(const std::string& id, const grpc::StatsContainerResponse& stats) {
  const grpc::CgroupStats& group = stats.cgroup_stats();
  return one_line({{"type", "stats"},
                   {"id", id},
                   {"data",
                    {{"cpu", cpu_json(group.cpu_stats())},
                     {"cpuset", ordered_json::object()},
                     {"memory", memory_json(group.memory_stats())},
                     {"pids", pids_json(group.pids_stats())},
                     {"blkio", blkio_json(group.blkio_stats())},
                     {"hugetlb", hugetlb_json(group)},
                     {"intel_rdt", ordered_json::object()},
                     {"network_interfaces", network_json(stats)}}}});
}

std::string oom_event(const std::string& id) { return one_line({{"type", "oom"}, {"id", id}}); }

}  // namespace kata::runtime
