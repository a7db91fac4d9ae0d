// SPDX-License-Identifier: Apache-2.0
#include "agent/container/cgroup.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <fstream>
#include <iterator>

#include "oci.pb.h"

namespace kata::agent {
namespace {

namespace fs = std::filesystem;

// Plain files where the kernel has its own: what is written can be read.
struct FakeVersion2 {
  fs::path root{};
  std::unique_ptr<Cgroup> cgroup{};

  FakeVersion2() {
    char name[] = "/tmp/kata-cgroup-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    root = name;
    fs::create_directories(root / "box");
    for (const char* file :
         {"memory.max", "memory.swap.max", "memory.low", "cpu.weight", "cpu.max", "cpuset.cpus",
          "cpuset.mems", "pids.max", "io.weight", "io.max", "hugetlb.2MB.max", "cgroup.procs"})
      std::ofstream(root / "box" / file) << "";
    cgroup = make_cgroup_v2(root, "box");
  }
  ~FakeVersion2() { fs::remove_all(root); }
  std::string text(const char* file) const {
    std::ifstream stream(root / "box" / file);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  }
};

}  // namespace

TEST_CASE("cpu shares become weights at the ends and in the middle") {
  CHECK(cpu_weight_of_shares(2) == 1);
  CHECK(cpu_weight_of_shares(1024) == 39);
  CHECK(cpu_weight_of_shares(262144) == 10000);
  CHECK(cpu_weight_of_shares(0) == 1);
  CHECK(cpu_weight_of_shares(~0ULL) == 10000);
}

TEST_CASE("block io weights become io weights") {
  CHECK(io_weight_of_blkio_weight(10) == 1);
  CHECK(io_weight_of_blkio_weight(500) == 4950);
  CHECK(io_weight_of_blkio_weight(1000) == 10000);
}

TEST_CASE("resources become the files of version 2") {
  FakeVersion2 fake;
  grpc::LinuxResources resources;
  resources.mutable_memory()->set_limit(1000);
  resources.mutable_memory()->set_swap(1500);
  resources.mutable_cpu()->set_shares(1024);
  resources.mutable_cpu()->set_quota(5000);
  resources.mutable_cpu()->set_cpus("0-1");
  resources.mutable_pids()->set_limit(9);
  auto* throttle = resources.mutable_blockio()->add_throttlereadbpsdevice();
  throttle->set_major(8);
  throttle->set_rate(77);
  auto* huge = resources.add_hugepagelimits();
  huge->set_pagesize("2MB");
  huge->set_limit(4096);
  const auto applied = fake.cgroup->apply(resources);
  REQUIRE_MESSAGE(applied.ok(), applied.error().message);
  CHECK(fake.text("memory.max") == "1000");
  CHECK(fake.text("memory.swap.max") == "500");
  CHECK(fake.text("cpu.weight") == "39");
  CHECK(fake.text("cpu.max") == "5000 100000");
  CHECK(fake.text("cpuset.cpus") == "0-1");
  CHECK(fake.text("pids.max") == "9");
  CHECK(fake.text("io.max") == "8:0 rbps=77");
  CHECK(fake.text("hugetlb.2MB.max") == "4096");
}

TEST_CASE("fields that are zero or unlimited leave the kernel's values") {
  FakeVersion2 fake;
  grpc::LinuxResources resources;
  resources.mutable_memory()->set_limit(-1);
  resources.mutable_pids()->set_limit(-1);
  REQUIRE(fake.cgroup->apply(resources).ok());
  for (const char* file : {"memory.max", "memory.swap.max", "cpu.weight", "cpu.max", "pids.max"})
    CHECK(fake.text(file).empty());
}

TEST_CASE("rdma limits go to the same file in both versions") {
  const FakeVersion2 fake;
  const std::vector<std::string> limits = {"mlx5_0 hca_handle=2\n"};
  const auto one = make_cgroup_v1({{"memory", "/none"}, {"net_cls,rdma", fake.root}}, "box");
  for (const Cgroup* cgroup : {fake.cgroup.get(), one.get()}) {
    std::ofstream(fake.root / "box/rdma.max") << "";
    REQUIRE(apply_rdma(*cgroup, limits).ok());
    CHECK(fake.text("rdma.max") == limits[0]);
  }
}

TEST_CASE("rdma limits need a controller") {
  const FakeVersion2 fake;
  const auto without = make_cgroup_v1({{"memory", fake.root}}, "box");
  for (const Cgroup* cgroup : {fake.cgroup.get(), without.get()}) {
    CHECK(apply_rdma(*cgroup, {}).ok());
    const auto applied = apply_rdma(*cgroup, {"mlx5_0 hca_handle=2\n"});
    REQUIRE_FALSE(applied.ok());
    CHECK(applied.error().code == ErrorCode::kUnsupported);
    CHECK(applied.error().message.find("'rdma'") != std::string::npos);
  }
}

TEST_CASE("paths that leave the cgroup root are refused") {
  for (const char* path : {"", "/", "/../x", "a/../../b", ".."}) {
    const auto opened = open_cgroup(path);
    REQUIRE(!opened.ok());
    CHECK(opened.error().code == ErrorCode::kInvalidArgument);
  }
}

TEST_CASE("a directory without cgroups is not taken for one") {
  const auto opened = open_cgroup("/box", "/tmp");
  REQUIRE(!opened.ok());
  CHECK(opened.error().code == ErrorCode::kUnavailable);
}

TEST_CASE("resources that would write elsewhere or nonsense are refused by field") {
  const auto refused = [](auto change, const char* field) {
    grpc::LinuxResources resources;
    change(resources);
    const auto checked = check_resources(resources);
    REQUIRE(!checked.ok());
    CHECK(checked.error().message.find(field) != std::string::npos);
  };
  for (const char* size : {"../../x", "2MB/", "", "MB", "2", "2mb", "99999999999MB", "2MBx"})
    refused([&](auto& r) { r.add_hugepagelimits()->set_pagesize(size); }, "pageSize");
  refused([](auto& r) { r.mutable_cpu()->set_cpus("0\n1"); }, "cpu.cpus");
  refused([](auto& r) { r.mutable_cpu()->set_mems("all"); }, "cpu.mems");
  refused([](auto& r) { r.mutable_memory()->set_swappiness(101); }, "swappiness");
  refused([](auto& r) { r.mutable_blockio()->set_weight(9); }, "blockIO.weight");
  refused(
      [](auto& r) {
        r.mutable_memory()->set_limit(10);
        r.mutable_memory()->set_swap(5);
      },
      "memory.swap");
}

}  // namespace kata::agent
