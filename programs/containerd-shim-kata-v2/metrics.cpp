// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/metrics.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

#include "containerd/metrics_v1.pb.h"
#include "containerd/metrics_v2.pb.h"
#include "kata/concat.h"

namespace kata::shim_v2 {

namespace {

namespace v1 = containerd::cgroups_v1;
namespace v2 = containerd::cgroups_v2;

// What a guest calls its things ends up on terminals.
std::string printable(std::string name) {
  const auto is_strange = [](char c) { return c < ' ' || c > '~'; };
  std::replace_if(name.begin(), name.end(), is_strange, '?');
  return name;
}

// A line of memory.stat, and where it goes.
template <class Memory>
struct Counter {
  const char* name;
  void (Memory::*set)(std::uint64_t);
};

constexpr std::array<Counter<v1::Memory>, 32> kMemoryV1 = {{
    {"cache", &v1::Memory::set_cache},
    {"rss", &v1::Memory::set_rss},
    {"rss_huge", &v1::Memory::set_rss_huge},
    {"mapped_file", &v1::Memory::set_mapped_file},
    {"dirty", &v1::Memory::set_dirty},
    {"writeback", &v1::Memory::set_writeback},
    {"pgpgin", &v1::Memory::set_pg_pg_in},
    {"pgpgout", &v1::Memory::set_pg_pg_out},
    {"pgfault", &v1::Memory::set_pg_fault},
    {"pgmajfault", &v1::Memory::set_pg_maj_fault},
    {"inactive_anon", &v1::Memory::set_inactive_anon},
    {"active_anon", &v1::Memory::set_active_anon},
    {"inactive_file", &v1::Memory::set_inactive_file},
    {"active_file", &v1::Memory::set_active_file},
    {"unevictable", &v1::Memory::set_unevictable},
    {"hierarchical_memory_limit", &v1::Memory::set_hierarchical_memory_limit},
    {"hierarchical_memsw_limit", &v1::Memory::set_hierarchical_swap_limit},
    {"total_cache", &v1::Memory::set_total_cache},
    {"total_rss", &v1::Memory::set_total_rss},
    {"total_rss_huge", &v1::Memory::set_total_rss_huge},
    {"total_mapped_file", &v1::Memory::set_total_mapped_file},
    {"total_dirty", &v1::Memory::set_total_dirty},
    {"total_writeback", &v1::Memory::set_total_writeback},
    {"total_pgpgin", &v1::Memory::set_total_pg_pg_in},
    {"total_pgpgout", &v1::Memory::set_total_pg_pg_out},
    {"total_pgfault", &v1::Memory::set_total_pg_fault},
    {"total_pgmajfault", &v1::Memory::set_total_pg_maj_fault},
    {"total_inactive_anon", &v1::Memory::set_total_inactive_anon},
    {"total_active_anon", &v1::Memory::set_total_active_anon},
    {"total_inactive_file", &v1::Memory::set_total_inactive_file},
    {"total_active_file", &v1::Memory::set_total_active_file},
    {"total_unevictable", &v1::Memory::set_total_unevictable},
}};

constexpr std::array<Counter<v2::Memory>, 19> kMemoryV2 = {{
    {"anon", &v2::Memory::set_anon},
    {"file", &v2::Memory::set_file},
    {"kernel_stack", &v2::Memory::set_kernel_stack},
    {"slab", &v2::Memory::set_slab},
    {"sock", &v2::Memory::set_sock},
    {"shmem", &v2::Memory::set_shmem},
    {"file_mapped", &v2::Memory::set_file_mapped},
    {"file_dirty", &v2::Memory::set_file_dirty},
    {"file_writeback", &v2::Memory::set_file_writeback},
    {"anon_thp", &v2::Memory::set_anon_thp},
    {"inactive_anon", &v2::Memory::set_inactive_anon},
    {"active_anon", &v2::Memory::set_active_anon},
    {"inactive_file", &v2::Memory::set_inactive_file},
    {"active_file", &v2::Memory::set_active_file},
    {"unevictable", &v2::Memory::set_unevictable},
    {"slab_reclaimable", &v2::Memory::set_slab_reclaimable},
    {"slab_unreclaimable", &v2::Memory::set_slab_unreclaimable},
    {"pgfault", &v2::Memory::set_pgfault},
    {"pgmajfault", &v2::Memory::set_pgmajfault},
}};

template <class Memory, std::size_t kCount>
void fill(Memory& memory, const std::array<Counter<Memory>, kCount>& counters,
          const google::protobuf::Map<std::string, std::uint64_t>& stats) {
  for (const Counter<Memory>& counter : counters) {
    const auto found = stats.find(counter.name);
    if (found != stats.end()) (memory.*counter.set)(found->second);
  }
}

void copy(const grpc::MemoryData& from, v1::MemoryEntry& to) {
  to.set_limit(from.limit());
  to.set_usage(from.usage());
  to.set_max(from.max_usage());
  to.set_failcnt(from.failcnt());
}

void copy(const google::protobuf::RepeatedPtrField<grpc::BlkioStatsEntry>& from,
          google::protobuf::RepeatedPtrField<v1::BlkioEntry>& to) {
  for (const grpc::BlkioStatsEntry& entry : from) {
    v1::BlkioEntry& copied = *to.Add();
    copied.set_op(printable(entry.op()));
    copied.set_major(entry.major());
    copied.set_minor(entry.minor());
    copied.set_value(entry.value());
  }
}

void copy(const grpc::CpuStats& from, v1::Cpu& to) {
  v1::CpuUsage& usage = *to.mutable_usage();
  usage.set_total(from.cpu_usage().total_usage());
  usage.set_kernel(from.cpu_usage().usage_in_kernelmode());
  usage.set_user(from.cpu_usage().usage_in_usermode());
  *usage.mutable_per_cpu() = from.cpu_usage().percpu_usage();
  v1::Throttle& throttling = *to.mutable_throttling();
  throttling.set_periods(from.throttling_data().periods());
  throttling.set_throttled_periods(from.throttling_data().throttled_periods());
  throttling.set_throttled_time(from.throttling_data().throttled_time());
}

void copy(const grpc::BlkioStats& from, v1::Blkio& to) {
  copy(from.io_service_bytes_recursive(), *to.mutable_io_service_bytes_recursive());
  copy(from.io_serviced_recursive(), *to.mutable_io_serviced_recursive());
  copy(from.io_queued_recursive(), *to.mutable_io_queued_recursive());
  copy(from.io_service_time_recursive(), *to.mutable_io_service_time_recursive());
  copy(from.io_wait_time_recursive(), *to.mutable_io_wait_time_recursive());
  copy(from.io_merged_recursive(), *to.mutable_io_merged_recursive());
  copy(from.io_time_recursive(), *to.mutable_io_time_recursive());
  copy(from.sectors_recursive(), *to.mutable_sectors_recursive());
}

void copy(const grpc::NetworkStats& from, v1::Network& to) {
  to.set_name(printable(from.name()));
  to.set_rx_bytes(from.rx_bytes());
  to.set_rx_packets(from.rx_packets());
  to.set_rx_errors(from.rx_errors());
  to.set_rx_dropped(from.rx_dropped());
  to.set_tx_bytes(from.tx_bytes());
  to.set_tx_packets(from.tx_packets());
  to.set_tx_errors(from.tx_errors());
  to.set_tx_dropped(from.tx_dropped());
}

v1::Metrics version_1(const grpc::StatsContainerResponse& stats) {
  const grpc::CgroupStats& group = stats.cgroup_stats();
  v1::Metrics metrics;
  copy(group.cpu_stats(), *metrics.mutable_cpu());
  metrics.mutable_pids()->set_current(group.pids_stats().current());
  metrics.mutable_pids()->set_limit(group.pids_stats().limit());
  v1::Memory& memory = *metrics.mutable_memory();
  fill(memory, kMemoryV1, group.memory_stats().stats());
  if (memory.cache() == 0) memory.set_cache(group.memory_stats().cache());
  copy(group.memory_stats().usage(), *memory.mutable_usage());
  copy(group.memory_stats().swap_usage(), *memory.mutable_swap());
  copy(group.memory_stats().kernel_usage(), *memory.mutable_kernel());
  memory.mutable_kernel_tcp();  // the agent has no numbers of it
  copy(group.blkio_stats(), *metrics.mutable_blkio());
  for (const auto& [size, numbers] : group.hugetlb_stats()) {
    v1::Hugetlb& pages = *metrics.add_hugetlb();
    pages.set_pagesize(printable(size));
    pages.set_usage(numbers.usage());
    pages.set_max(numbers.max_usage());
    pages.set_failcnt(numbers.failcnt());
  }
  for (const grpc::NetworkStats& link : stats.network_stats()) copy(link, *metrics.add_network());
  return metrics;
}

void add_io(const grpc::BlkioStats& from, v2::Io& to) {
  std::map<std::pair<std::uint64_t, std::uint64_t>, v2::IoEntry*> entries;  // a guest can send many
  const auto entry_of = [&](std::uint64_t major, std::uint64_t minor) -> v2::IoEntry& {
    v2::IoEntry*& entry = entries[{major, minor}];
    if (entry == nullptr) {
      entry = to.add_usage();
      entry->set_major(major);
      entry->set_minor(minor);
    }
    return *entry;
  };
  const auto is = [](const grpc::BlkioStatsEntry& item, std::string_view op) {
    return item.op().size() == op.size() && (item.op()[0] | 0x20) == op[0];
  };
  for (const grpc::BlkioStatsEntry& item : from.io_service_bytes_recursive()) {
    if (is(item, "read")) entry_of(item.major(), item.minor()).set_rbytes(item.value());
    if (is(item, "write")) entry_of(item.major(), item.minor()).set_wbytes(item.value());
  }
  for (const grpc::BlkioStatsEntry& item : from.io_serviced_recursive()) {
    if (is(item, "read")) entry_of(item.major(), item.minor()).set_rios(item.value());
    if (is(item, "write")) entry_of(item.major(), item.minor()).set_wios(item.value());
  }
}

v2::Metrics version_2(const grpc::StatsContainerResponse& stats) {
  constexpr std::uint64_t kMicro = 1000;  // nanoseconds
  const grpc::CgroupStats& group = stats.cgroup_stats();
  v2::Metrics metrics;
  metrics.mutable_pids()->set_current(group.pids_stats().current());
  metrics.mutable_pids()->set_limit(group.pids_stats().limit());
  v2::Cpu& cpu = *metrics.mutable_cpu();
  cpu.set_usage_usec(group.cpu_stats().cpu_usage().total_usage() / kMicro);
  cpu.set_user_usec(group.cpu_stats().cpu_usage().usage_in_usermode() / kMicro);
  cpu.set_system_usec(group.cpu_stats().cpu_usage().usage_in_kernelmode() / kMicro);
  cpu.set_nr_periods(group.cpu_stats().throttling_data().periods());
  cpu.set_nr_throttled(group.cpu_stats().throttling_data().throttled_periods());
  cpu.set_throttled_usec(group.cpu_stats().throttling_data().throttled_time() / kMicro);
  v2::Memory& memory = *metrics.mutable_memory();
  fill(memory, kMemoryV2, group.memory_stats().stats());
  memory.set_usage(group.memory_stats().usage().usage());
  memory.set_usage_limit(group.memory_stats().usage().limit());
  memory.set_max_usage(group.memory_stats().usage().max_usage());
  memory.set_swap_usage(group.memory_stats().swap_usage().usage());
  memory.set_swap_limit(group.memory_stats().swap_usage().limit());
  memory.set_swap_max_usage(group.memory_stats().swap_usage().max_usage());
  add_io(group.blkio_stats(), *metrics.mutable_io());
  for (const auto& [size, numbers] : group.hugetlb_stats()) {
    v2::Hugetlb& pages = *metrics.add_hugetlb();
    pages.set_pagesize(printable(size));
    pages.set_current(numbers.usage());
    pages.set_max(numbers.max_usage());
  }
  return metrics;
}

}  // namespace

containerd::Any metrics_of(const grpc::StatsContainerResponse& stats) {
  // Only memory.stat of version 2 has this line.
  const bool unified = stats.cgroup_stats().memory_stats().stats().contains("anon");
  containerd::Any any;
  any.set_type_url(unified ? "io.containerd.cgroups.v2.Metrics"
                           : "io.containerd.cgroups.v1.Metrics");
  any.set_value(unified ? version_2(stats).SerializeAsString()
                        : version_1(stats).SerializeAsString());
  return any;
}

}  // namespace kata::shim_v2
