// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/metrics.h"

#include <doctest/doctest.h>

#include <chrono>

#include "containerd/metrics_v1.pb.h"
#include "containerd/metrics_v2.pb.h"

using namespace kata;
using namespace kata::shim_v2;

namespace {

grpc::StatsContainerResponse sample() {
  grpc::StatsContainerResponse stats;
  grpc::CgroupStats& group = *stats.mutable_cgroup_stats();
  group.mutable_cpu_stats()->mutable_cpu_usage()->set_total_usage(5'000'000);
  group.mutable_cpu_stats()->mutable_cpu_usage()->set_usage_in_usermode(3'000'000);
  group.mutable_cpu_stats()->mutable_throttling_data()->set_throttled_time(2'000'000);
  group.mutable_memory_stats()->mutable_usage()->set_usage(4096);
  group.mutable_memory_stats()->mutable_usage()->set_limit(1 << 20);
  group.mutable_pids_stats()->set_current(3);
  grpc::BlkioStatsEntry& entry = *group.mutable_blkio_stats()->add_io_service_bytes_recursive();
  entry.set_major(254);
  entry.set_op("Read");
  entry.set_value(512);
  (*group.mutable_hugetlb_stats())["2MB"].set_usage(7);
  stats.add_network_stats()->set_name("eth0");
  return stats;
}

}  // namespace

TEST_CASE("counters of version 1 become containerd's metrics of version 1") {
  auto stats = sample();
  auto& lines = *stats.mutable_cgroup_stats()->mutable_memory_stats()->mutable_stats();
  lines["total_rss"] = 11;
  lines["pgpgin"] = 12;
  lines["unknown"] = 13;
  const auto any = metrics_of(stats);
  CHECK(any.type_url() == "io.containerd.cgroups.v1.Metrics");
  containerd::cgroups_v1::Metrics metrics;
  REQUIRE(metrics.ParseFromString(any.value()));
  CHECK(metrics.cpu().usage().total() == 5'000'000);
  CHECK(metrics.cpu().usage().user() == 3'000'000);
  CHECK(metrics.cpu().throttling().throttled_time() == 2'000'000);
  CHECK(metrics.memory().usage().usage() == 4096);
  CHECK(metrics.memory().usage().limit() == 1 << 20);
  CHECK(metrics.memory().total_rss() == 11);
  CHECK(metrics.memory().pg_pg_in() == 12);
  CHECK(metrics.pids().current() == 3);
  REQUIRE(metrics.blkio().io_service_bytes_recursive_size() == 1);
  CHECK(metrics.blkio().io_service_bytes_recursive(0).value() == 512);
  REQUIRE(metrics.hugetlb_size() == 1);
  CHECK(metrics.hugetlb(0).pagesize() == "2MB");
  REQUIRE(metrics.network_size() == 1);
  CHECK(metrics.network(0).name() == "eth0");
}

TEST_CASE("counters of version 2 become containerd's metrics of version 2") {
  auto stats = sample();
  auto& lines = *stats.mutable_cgroup_stats()->mutable_memory_stats()->mutable_stats();
  lines["anon"] = 21;
  lines["slab_unreclaimable"] = 22;
  const auto any = metrics_of(stats);
  CHECK(any.type_url() == "io.containerd.cgroups.v2.Metrics");
  containerd::cgroups_v2::Metrics metrics;
  REQUIRE(metrics.ParseFromString(any.value()));
  CHECK(metrics.cpu().usage_usec() == 5000);
  CHECK(metrics.cpu().throttled_usec() == 2000);
  CHECK(metrics.memory().anon() == 21);
  CHECK(metrics.memory().slab_unreclaimable() == 22);
  CHECK(metrics.memory().usage() == 4096);
  CHECK(metrics.pids().current() == 3);
  REQUIRE(metrics.io().usage_size() == 1);
  CHECK(metrics.io().usage(0).rbytes() == 512);
}

TEST_CASE("as many block devices as fit into a reply cost no more than a moment") {
  grpc::StatsContainerResponse stats;
  (*stats.mutable_cgroup_stats()->mutable_memory_stats()->mutable_stats())["anon"] = 1;
  auto& blocks = *stats.mutable_cgroup_stats()->mutable_blkio_stats();
  for (std::uint64_t major = 0; major < 150'000; ++major) {
    grpc::BlkioStatsEntry& entry = *blocks.add_io_service_bytes_recursive();
    entry.set_op("read");
    entry.set_major(major);
    entry.set_value(1);
  }
  REQUIRE(stats.ByteSizeLong() < 4U << 20);
  const auto began = std::chrono::steady_clock::now();
  const auto any = metrics_of(stats);
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(5));
  containerd::cgroups_v2::Metrics metrics;
  REQUIRE(metrics.ParseFromString(any.value()));
  CHECK(metrics.io().usage_size() == blocks.io_service_bytes_recursive_size());
}

TEST_CASE("names that a guest gives have no control characters") {
  auto stats = sample();
  stats.mutable_network_stats(0)->set_name("eth0\n\x1b[2J\x7f");
  containerd::cgroups_v1::Metrics metrics;
  REQUIRE(metrics.ParseFromString(metrics_of(stats).value()));
  CHECK(metrics.network(0).name() == "eth0??[2J?");
}
