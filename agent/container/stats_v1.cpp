// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "agent.pb.h"
#include "agent/container/stats_versions.h"
#include "kata/concat.h"

namespace kata::agent {
namespace {

std::string lower(std::string_view word) {
  std::string out(word);
  for (char& letter : out)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return out;
}

// "user 12": ticks of a hundredth of a second.
std::uint64_t nanoseconds(std::uint64_t ticks) {
  const auto per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  return ticks * (1'000'000'000 / per_second);
}

void read_cpu(const CgroupFiles& files, grpc::CpuStats& stats) {
  grpc::CpuUsage& usage = *stats.mutable_cpu_usage();
  usage.set_total_usage(files.number("cpuacct", "cpuacct.usage"));
  const std::string each = files.text("cpuacct", "cpuacct.usage_percpu");
  for (const std::string_view word : words_of(each))
    usage.add_percpu_usage(kernel_number(word).value_or(0));
  const std::string split = files.text("cpuacct", "cpuacct.stat");
  usage.set_usage_in_usermode(nanoseconds(counter(split, "user")));
  usage.set_usage_in_kernelmode(nanoseconds(counter(split, "system")));
  const std::string throttled = files.text("cpu", "cpu.stat");
  stats.mutable_throttling_data()->set_periods(counter(throttled, "nr_periods"));
  stats.mutable_throttling_data()->set_throttled_periods(counter(throttled, "nr_throttled"));
  stats.mutable_throttling_data()->set_throttled_time(counter(throttled, "throttled_time"));
}

void read_memory_data(const CgroupFiles& files, const std::string& prefix, grpc::MemoryData& data) {
  data.set_usage(files.number("memory", prefix + ".usage_in_bytes"));
  data.set_max_usage(files.number("memory", prefix + ".max_usage_in_bytes"));
  data.set_failcnt(files.number("memory", prefix + ".failcnt"));
  data.set_limit(files.number("memory", prefix + ".limit_in_bytes"));
}

void read_memory(const CgroupFiles& files, grpc::MemoryStats& stats) {
  for_each_counter(files.text("memory", "memory.stat"),
                   [&](std::string_view name, std::uint64_t value) {
                     (*stats.mutable_stats())[std::string(name)] = value;
                     if (name == "cache") stats.set_cache(value);
                   });
  read_memory_data(files, "memory", *stats.mutable_usage());
  read_memory_data(files, "memory.memsw", *stats.mutable_swap_usage());
  read_memory_data(files, "memory.kmem", *stats.mutable_kernel_usage());
  stats.set_use_hierarchy(files.number("memory", "memory.use_hierarchy") == 1);
}

// "8:0 Read 4096"; a device's time and sectors have no operation; the last line is a sum.
template <class Entries>
void read_block(const CgroupFiles& files, std::string_view file, Entries& entries) {
  const std::string text = files.text("blkio", file);
  for_each_line(text, [&](std::string_view line) {
    const auto words = words_of(line);
    const auto device = words.empty() ? std::nullopt : device_number(words.front());
    if (!device || words.size() < 2 || words.size() > 3) return;
    const auto value = kernel_number(words.back());
    if (!value) return;
    grpc::BlkioStatsEntry& entry = *entries.Add();
    entry.set_major(device->major);
    entry.set_minor(device->minor);
    if (words.size() == 3) entry.set_op(lower(words[1]));
    entry.set_value(*value);
  });
}

// The disk scheduler counts where there is one; else the throttling layer does.
template <class Entries>
void read_block_either(const CgroupFiles& files, std::string_view scheduler,
                       std::string_view throttle, Entries& entries) {
  read_block(files, scheduler, entries);
  if (entries.empty()) read_block(files, throttle, entries);
}

void read_blocks(const CgroupFiles& files, grpc::BlkioStats& stats) {
  read_block_either(files, "blkio.bfq.io_service_bytes_recursive",
                    "blkio.throttle.io_service_bytes_recursive",
                    *stats.mutable_io_service_bytes_recursive());
  read_block_either(files, "blkio.bfq.io_serviced_recursive",
                    "blkio.throttle.io_serviced_recursive", *stats.mutable_io_serviced_recursive());
  read_block(files, "blkio.bfq.io_queued_recursive", *stats.mutable_io_queued_recursive());
  read_block(files, "blkio.bfq.io_service_time_recursive",
             *stats.mutable_io_service_time_recursive());
  read_block(files, "blkio.bfq.io_wait_time_recursive", *stats.mutable_io_wait_time_recursive());
  read_block(files, "blkio.bfq.io_merged_recursive", *stats.mutable_io_merged_recursive());
  read_block(files, "blkio.bfq.time_recursive", *stats.mutable_io_time_recursive());
  read_block(files, "blkio.bfq.sectors_recursive", *stats.mutable_sectors_recursive());
}

}  // namespace

void read_stats_v1(const CgroupFiles& files, grpc::CgroupStats& stats) {
  read_cpu(files, *stats.mutable_cpu_stats());
  read_memory(files, *stats.mutable_memory_stats());
  read_blocks(files, *stats.mutable_blkio_stats());
  for (const std::string& size : files.page_sizes(".usage_in_bytes")) {
    grpc::HugetlbStats& pages = (*stats.mutable_hugetlb_stats())[size];
    const std::string prefix = concat("hugetlb.", size);
    pages.set_usage(files.number("hugetlb", prefix + ".usage_in_bytes"));
    pages.set_max_usage(files.number("hugetlb", prefix + ".max_usage_in_bytes"));
    pages.set_failcnt(files.number("hugetlb", prefix + ".failcnt"));
  }
}

}  // namespace kata::agent
