// SPDX-License-Identifier: Apache-2.0
#include "agent/container/stats.h"

#include "agent.pb.h"
#include "agent/container/stats_versions.h"
#include "core/base/files.h"
#include "kata/concat.h"

namespace kata::agent {

CgroupFiles::CgroupFiles(const Cgroup& cgroup) : directories_(cgroup.directories()) {}

std::string CgroupFiles::text(std::string_view controller, std::string_view file) const {
  for (const CgroupDirectory& directory : directories_) {
    if (!names_controller(directory.name, controller)) continue;
    auto content = read_file(directory.path / file);
    return content.ok() ? content.take() : std::string();
  }
  return {};
}

std::uint64_t CgroupFiles::number(std::string_view controller, std::string_view file) const {
  return kernel_number(text(controller, file)).value_or(0);
}

// The sizes of huge pages that this cgroup counts: the files say which there are.
std::vector<std::string> CgroupFiles::page_sizes(std::string_view suffix) const {
  constexpr std::string_view kPrefix = "hugetlb.";
  std::vector<std::string> sizes;
  std::error_code ignored;
  for (const CgroupDirectory& directory : directories_) {
    if (!names_controller(directory.name, "hugetlb")) continue;
    for (const auto& entry : std::filesystem::directory_iterator(directory.path, ignored)) {
      const std::string name = entry.path().filename();
      if (!name.starts_with(kPrefix) || !name.ends_with(suffix)) continue;
      const std::string size =
          name.substr(kPrefix.size(), name.size() - kPrefix.size() - suffix.size());
      if (size.find('.') == std::string::npos) sizes.push_back(size);
    }
  }
  return sizes;
}

void read_cgroup_stats(const Cgroup& cgroup, grpc::CgroupStats& stats) {
  const auto directories = cgroup.directories();
  const bool version2 = directories.size() == 1 && directories.front().name.empty();
  const CgroupFiles files(cgroup);
  if (version2)
    read_stats_v2(files, stats);
  else
    read_stats_v1(files, stats);
  stats.mutable_pids_stats()->set_current(files.number("pids", "pids.current"));
  stats.mutable_pids_stats()->set_limit(files.number("pids", "pids.max"));  // "max" is 0
}

void read_network_stats(pid_t pid, grpc::StatsContainerResponse& stats) {
  const auto text = read_file(concat("/proc/", pid, "/net/dev"));
  if (!text.ok()) return;
  for (const NetDeviceCounters& device : parse_net_dev(text.value())) {
    grpc::NetworkStats& one = *stats.add_network_stats();
    one.set_name(device.name);
    one.set_rx_bytes(device.numbers[0]);
    one.set_rx_packets(device.numbers[1]);
    one.set_rx_errors(device.numbers[2]);
    one.set_rx_dropped(device.numbers[3]);
    one.set_tx_bytes(device.numbers[8]);
    one.set_tx_packets(device.numbers[9]);
    one.set_tx_errors(device.numbers[10]);
    one.set_tx_dropped(device.numbers[11]);
  }
}

}  // namespace kata::agent
