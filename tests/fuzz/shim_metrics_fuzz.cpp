// SPDX-License-Identifier: Apache-2.0
//
// Counters as a guest's agent could answer, on their way to containerd: always a message of one of
// the two versions, without a control character in a name.
#include <google/protobuf/stubs/logging.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "containerd/metrics_v1.pb.h"
#include "containerd/metrics_v2.pb.h"
#include "programs/containerd-shim-kata-v2/metrics.h"

namespace {

using namespace kata;

void require(bool holds) {
  if (!holds) std::abort();
}

void require_printable(const std::string& text) {
  for (const char c : text) require(c >= ' ' && c <= '~');
}

template <class Metrics>
Metrics parsed(const containerd::Any& any) {
  Metrics metrics;
  require(metrics.ParseFromString(any.value()));
  for (const auto& pages : metrics.hugetlb()) require_printable(pages.pagesize());
  return metrics;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  google::protobuf::SetLogHandler(nullptr);
  grpc::StatsContainerResponse stats;
  if (!stats.ParseFromArray(data, static_cast<int>(size))) return 0;
  const containerd::Any any = shim_v2::metrics_of(stats);
  if (any.type_url() == "io.containerd.cgroups.v2.Metrics") {
    const auto metrics = parsed<containerd::cgroups_v2::Metrics>(any);
    require(metrics.io().usage_size() <=
            stats.cgroup_stats().blkio_stats().io_service_bytes_recursive_size() +
                stats.cgroup_stats().blkio_stats().io_serviced_recursive_size());
    return 0;
  }
  require(any.type_url() == "io.containerd.cgroups.v1.Metrics");
  const auto metrics = parsed<containerd::cgroups_v1::Metrics>(any);
  for (const auto& link : metrics.network()) require_printable(link.name());
  for (const auto& entry : metrics.blkio().io_serviced_recursive()) require_printable(entry.op());
  return 0;
}
