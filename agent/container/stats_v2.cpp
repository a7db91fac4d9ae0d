// SPDX-License-Identifier: Apache-2.0
#include "agent.pb.h"
#include "agent/container/stats_versions.h"
#include "kata/concat.h"

namespace kata::agent {
namespace {

void read_cpu(const CgroupFiles& files, grpc::CpuStats& stats) {
  const std::string text = files.text("", "cpu.stat");
  grpc::CpuUsage& usage = *stats.mutable_cpu_usage();
  usage.set_total_usage(counter(text, "usage_usec") * 1000);
  usage.set_usage_in_usermode(counter(text, "user_usec") * 1000);
  usage.set_usage_in_kernelmode(counter(text, "system_usec") * 1000);
  stats.mutable_throttling_data()->set_periods(counter(text, "nr_periods"));
  stats.mutable_throttling_data()->set_throttled_periods(counter(text, "nr_throttled"));
  stats.mutable_throttling_data()->set_throttled_time(counter(text, "throttled_usec") * 1000);
}

void read_memory(const CgroupFiles& files, grpc::MemoryStats& stats) {
  for_each_counter(files.text("", "memory.stat"), [&](std::string_view name, std::uint64_t value) {
    (*stats.mutable_stats())[std::string(name)] = value;
    if (name == "file") stats.set_cache(value);
  });
  grpc::MemoryData& memory = *stats.mutable_usage();
  memory.set_usage(files.number("", "memory.current"));
  memory.set_max_usage(files.number("", "memory.peak"));
  memory.set_failcnt(counter(files.text("", "memory.events"), "max"));
  memory.set_limit(files.number("", "memory.max"));  // "max" is 0
  grpc::MemoryData& swap = *stats.mutable_swap_usage();
  swap.set_usage(files.number("", "memory.swap.current"));
  swap.set_max_usage(files.number("", "memory.swap.peak"));
  swap.set_failcnt(counter(files.text("", "memory.swap.events"), "max"));
  swap.set_limit(files.number("", "memory.swap.max"));
  stats.set_use_hierarchy(true);
}

// "8:0 rbytes=4096 wbytes=0 rios=1 …", under the names that Kata's hosts know.
void read_blocks(const CgroupFiles& files, grpc::BlkioStats& stats) {
  const auto operation = [](std::string_view key) -> std::string_view {
    if (key == "rbytes") return "read";
    if (key == "wbytes") return "write";
    return key;
  };
  for_each_line(files.text("", "io.stat"), [&](std::string_view line) {
    const auto words = words_of(line);
    const auto device = words.empty() ? std::nullopt : device_number(words.front());
    if (!device) return;
    for (const std::string_view word : words) {
      const std::size_t equals = word.find('=');
      if (equals == std::string_view::npos) continue;
      const auto value = kernel_number(word.substr(equals + 1));
      if (!value) continue;
      grpc::BlkioStatsEntry& entry = *stats.add_io_service_bytes_recursive();
      entry.set_major(device->major);
      entry.set_minor(device->minor);
      entry.set_op(std::string(operation(word.substr(0, equals))));
      entry.set_value(*value);
    }
  });
}

}  // namespace

void read_stats_v2(const CgroupFiles& files, grpc::CgroupStats& stats) {
  read_cpu(files, *stats.mutable_cpu_stats());
  read_memory(files, *stats.mutable_memory_stats());
  read_blocks(files, *stats.mutable_blkio_stats());
  for (const std::string& size : files.page_sizes(".current")) {
    grpc::HugetlbStats& pages = (*stats.mutable_hugetlb_stats())[size];
    pages.set_usage(files.number("", concat("hugetlb.", size, ".current")));
    pages.set_failcnt(counter(files.text("", concat("hugetlb.", size, ".events")), "max"));
  }
}

}  // namespace kata::agent
