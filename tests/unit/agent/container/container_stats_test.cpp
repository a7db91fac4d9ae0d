// SPDX-License-Identifier: Apache-2.0
//
// The files of both cgroup versions, as plain files that hold what a kernel shows and what it never
// would.
#include "agent/container/stats.h"

#include <doctest/doctest.h>

#include <fstream>

#include "agent.pb.h"
#include "tests/temporary_directory.h"

namespace kata::agent {
namespace {

struct Files {
  TemporaryDirectory directory{};
  void put(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories((directory.path() / path).parent_path());
    std::ofstream(directory.path() / path) << text;
  }
  grpc::CgroupStats version1() const {
    std::vector<CgroupDirectory> roots;
    for (const char* name : {"blkio", "cpu,cpuacct", "hugetlb", "memory", "pids"})
      roots.push_back({name, directory.path() / name});
    grpc::CgroupStats stats;
    read_cgroup_stats(*make_cgroup_v1(std::move(roots), "box"), stats);
    return stats;
  }
  grpc::CgroupStats version2() const {
    grpc::CgroupStats stats;
    read_cgroup_stats(*make_cgroup_v2(directory.path(), "box"), stats);
    return stats;
  }
};

}  // namespace

TEST_CASE("the files of version 2 become stats") {
  const Files files;
  files.put("box/cpu.stat",
            "usage_usec 5\nuser_usec 3\nsystem_usec 2\nnr_periods 7\nnr_throttled 6\n"
            "throttled_usec 4\n");
  files.put("box/memory.stat", "anon 10\nfile 20\n");
  files.put("box/memory.current", "30\n");
  files.put("box/memory.max", "max\n");
  files.put("box/memory.events", "low 0\nmax 9\noom_kill 1\n");
  files.put("box/memory.swap.max", "100\n");
  files.put("box/pids.current", "3\n");
  files.put("box/pids.max", "max\n");
  files.put("box/io.stat", "8:16 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n");
  files.put("box/hugetlb.2MB.current", "4096\n");
  files.put("box/hugetlb.2MB.rsvd.current", "1\n");
  files.put("box/hugetlb.2MB.events", "max 2\n");
  const auto stats = files.version2();
  CHECK(stats.cpu_stats().cpu_usage().total_usage() == 5000);
  CHECK(stats.cpu_stats().cpu_usage().usage_in_kernelmode() == 2000);
  CHECK(stats.cpu_stats().throttling_data().throttled_time() == 4000);
  CHECK(stats.memory_stats().cache() == 20);
  CHECK(stats.memory_stats().usage().usage() == 30);
  CHECK(stats.memory_stats().usage().limit() == 0);
  CHECK(stats.memory_stats().usage().failcnt() == 9);
  CHECK(stats.memory_stats().swap_usage().limit() == 100);
  CHECK(stats.memory_stats().stats().at("anon") == 10);
  CHECK(stats.pids_stats().current() == 3);
  CHECK(stats.pids_stats().limit() == 0);
  REQUIRE(stats.blkio_stats().io_service_bytes_recursive_size() == 6);
  CHECK(stats.blkio_stats().io_service_bytes_recursive(0).op() == "read");
  CHECK(stats.blkio_stats().io_service_bytes_recursive(1).minor() == 16);
  CHECK(stats.blkio_stats().io_service_bytes_recursive(2).op() == "rios");
  REQUIRE(stats.hugetlb_stats_size() == 1);
  CHECK(stats.hugetlb_stats().at("2MB").usage() == 4096);
  CHECK(stats.hugetlb_stats().at("2MB").failcnt() == 2);
}

TEST_CASE("the files of version 1 become stats") {
  const Files files;
  files.put("cpu,cpuacct/box/cpuacct.usage", "1000\n");
  files.put("cpu,cpuacct/box/cpuacct.usage_percpu", "600 400 \n");
  files.put("cpu,cpuacct/box/cpuacct.stat", "user 2\nsystem 1\n");
  files.put("cpu,cpuacct/box/cpu.stat", "nr_periods 1\nnr_throttled 2\nthrottled_time 3\n");
  files.put("memory/box/memory.stat", "cache 5\nrss 6\n");
  files.put("memory/box/memory.usage_in_bytes", "7\n");
  files.put("memory/box/memory.memsw.limit_in_bytes", "8\n");
  files.put("memory/box/memory.use_hierarchy", "1\n");
  files.put("blkio/box/blkio.throttle.io_service_bytes_recursive",
            "8:0 Read 4096\n8:0 Total 4096\nTotal 4096\n8:x Read 1\n8:0 Read -1\n8:0 a b c\n");
  files.put("blkio/box/blkio.bfq.sectors_recursive", "8:0 12\n");
  files.put("hugetlb/box/hugetlb.1GB.usage_in_bytes", "9\n");
  const auto stats = files.version1();
  CHECK(stats.cpu_stats().cpu_usage().total_usage() == 1000);
  REQUIRE(stats.cpu_stats().cpu_usage().percpu_usage_size() == 2);
  CHECK(stats.cpu_stats().cpu_usage().percpu_usage(1) == 400);
  CHECK(stats.cpu_stats().cpu_usage().usage_in_usermode() == 20'000'000);
  CHECK(stats.cpu_stats().throttling_data().throttled_periods() == 2);
  CHECK(stats.memory_stats().cache() == 5);
  CHECK(stats.memory_stats().usage().usage() == 7);
  CHECK(stats.memory_stats().swap_usage().limit() == 8);
  CHECK(stats.memory_stats().use_hierarchy());
  REQUIRE(stats.blkio_stats().io_service_bytes_recursive_size() == 2);
  CHECK(stats.blkio_stats().io_service_bytes_recursive(0).op() == "read");
  CHECK(stats.blkio_stats().io_service_bytes_recursive(0).value() == 4096);
  REQUIRE(stats.blkio_stats().sectors_recursive_size() == 1);
  CHECK(stats.blkio_stats().sectors_recursive(0).op().empty());
  CHECK(stats.hugetlb_stats().at("1GB").usage() == 9);
}

TEST_CASE("a cgroup without files has stats of zero") {
  const Files files;
  for (const auto& stats : {files.version1(), files.version2()}) {
    CHECK(stats.cpu_stats().cpu_usage().total_usage() == 0);
    CHECK(stats.memory_stats().stats().empty());
    CHECK(stats.hugetlb_stats().empty());
  }
}

}  // namespace kata::agent
