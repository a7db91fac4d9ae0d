// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/sandbox_metrics.h"

#include <doctest/doctest.h>

#include <fstream>
#include <limits>

#include "containerd/metrics_v1.pb.h"
#include "containerd/metrics_v2.pb.h"
#include "tests/temporary_directory.h"

using namespace kata;
using namespace kata::shim_v2;
using kata::sandbox::CgroupMount;
using kata::sandbox::SandboxCgroups;

namespace {

struct Tree {
  void write(const std::string& file, const std::string& text) const {
    const auto path = directory.path() / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  CgroupMount mount(const char* name, std::vector<std::string> controllers) const {
    return {directory.path() / name, controllers.empty(), std::move(controllers)};
  }

  TemporaryDirectory directory{};
};

}  // namespace

TEST_CASE("a sandbox's metrics are the sum of its groups in version 1") {
  const Tree tree;
  for (const char* group : {"pod/p1", "beside"}) {
    const std::string name = group;
    tree.write("cpu/" + name + "/cpuacct.usage", "5000\n");
    tree.write("cpu/" + name + "/cpuacct.stat", "user 2\nsystem 1\n");
    tree.write("memory/" + name + "/memory.usage_in_bytes", "100\n");
    tree.write("memory/" + name + "/memory.stat", "cache 7\nrss 9\n");
    tree.write("pids/" + name + "/pids.current", "3\n");
  }
  tree.write("memory/pod/p1/memory.limit_in_bytes", "18446744073709551615\n");
  tree.write("memory/beside/memory.limit_in_bytes", "18446744073709551615\n");
  const std::vector<CgroupMount> mounts = {
      tree.mount("unified", {}), tree.mount("cpu", {"cpu", "cpuacct"}),
      tree.mount("memory", {"memory"}), tree.mount("pids", {"pids"})};
  const auto packed = sandbox_metrics({"/pod/p1", "/beside"}, mounts);
  REQUIRE(packed.ok());
  CHECK(packed.value().type_url() == "io.containerd.cgroups.v1.Metrics");
  containerd::cgroups_v1::Metrics metrics;
  REQUIRE(metrics.ParseFromString(packed.value().value()));
  CHECK(metrics.cpu().usage().total() == 10'000);
  CHECK(metrics.cpu().usage().user() == 2 * metrics.cpu().usage().kernel());
  CHECK(metrics.memory().usage().usage() == 200);
  CHECK(metrics.memory().usage().limit() == std::numeric_limits<std::uint64_t>::max());
  CHECK(metrics.memory().rss() == 18);
  CHECK(metrics.pids().current() == 6);
}

TEST_CASE("a sandbox's metrics are its group's in version 2") {
  const Tree tree;
  tree.write("all/p1/cpu.stat", "usage_usec 30\nuser_usec 20\nsystem_usec 10\n");
  tree.write("all/p1/memory.current", "4096\n");
  tree.write("all/p1/memory.max", "max\n");
  tree.write("all/p1/memory.stat", "anon 1\nfile 2\n");
  tree.write("all/p1/pids.current", "4\n");
  const auto packed = sandbox_metrics({"/p1", ""}, {tree.mount("all", {})});
  REQUIRE(packed.ok());
  CHECK(packed.value().type_url() == "io.containerd.cgroups.v2.Metrics");
  containerd::cgroups_v2::Metrics metrics;
  REQUIRE(metrics.ParseFromString(packed.value().value()));
  CHECK(metrics.cpu().usage_usec() == 30);
  CHECK(metrics.cpu().system_usec() == 10);
  CHECK(metrics.memory().usage() == 4096);
  CHECK(metrics.memory().usage_limit() == std::numeric_limits<std::uint64_t>::max());
  CHECK(metrics.memory().file() == 2);
  CHECK(metrics.pids().current() == 4);
}

TEST_CASE("a sandbox without a group has no metrics") {
  const Tree tree;
  const auto packed = sandbox_metrics({}, {tree.mount("all", {})});
  REQUIRE_FALSE(packed.ok());
  CHECK(packed.error().code == ErrorCode::kFailedPrecondition);
  CHECK_FALSE(sandbox_metrics({"/p1", ""}, {}).ok());
}
