// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "programs/kata-runtime/byte_size.h"
#include "programs/kata-runtime/resource_flags.h"
#include "protocol/agent.pb.h"
#include "tests/fakes/fake_proxy.h"
#include "tests/unit/kata-runtime/runtime_stage.h"

using namespace kata;
using namespace kata::runtime;
using kata::fakes::FakeProxy;
using kata::test::RuntimeStage;
using kata::test::TempDir;
using kata::test::write_text;

namespace {

Result<grpc::LinuxResources> requested(const Words& words) {
  boost::program_options::options_description flags;
  add_resource_flags(flags);
  auto line = parse_command_line(flags, words, Flags::kAnywhere);
  REQUIRE_MESSAGE(line.ok(), line.error().message);
  return requested_resources(line.value());
}

}  // namespace

TEST_CASE("sizes are bytes or have a unit of powers of 1024") {
  CHECK(byte_size("0").value() == 0);
  CHECK(byte_size("268435456").value() == 268435456);
  CHECK(byte_size("256m").value() == 268435456);
  CHECK(byte_size("256MiB").value() == 268435456);
  CHECK(byte_size("1.5g").value() == 1610612736);
  CHECK(byte_size("2 kB").value() == 2048);
  CHECK(byte_size("1T").value() == 1099511627776);
  CHECK(byte_size("10b").value() == 10);
  CHECK(byte_size("-1").value() == -1);
  for (const char* bad : {"", "-2", "m", "1x", "1mm", "1.2.3", ".", "1e3", "0x10", " 1", "1  m",
                          "1ib", "9999999999p", "99999999999999999999", "nan", "1m "})
    CHECK_MESSAGE(!byte_size(bad).ok(), bad);
}

TEST_CASE("each limit flag sets its field and no other") {
  const auto resources = requested({"--memory",
                                    "64m",
                                    "--memory-reservation=1k",
                                    "--memory-swap",
                                    "-1",
                                    "--cpu-quota",
                                    "50000",
                                    "--cpu-period",
                                    "100000",
                                    "--cpu-share",
                                    "512",
                                    "--cpu-rt-period",
                                    "3",
                                    "--cpu-rt-runtime",
                                    "2",
                                    "--cpuset-cpus",
                                    "0-1",
                                    "--cpuset-mems",
                                    "0",
                                    "--pids-limit",
                                    "77",
                                    "--blkio-weight",
                                    "500",
                                    "--kernel-memory",
                                    "1"});
  REQUIRE_MESSAGE(resources.ok(), resources.error().message);
  grpc::LinuxResources expected;
  expected.mutable_memory()->set_limit(67108864);
  expected.mutable_memory()->set_reservation(1024);
  expected.mutable_memory()->set_swap(-1);
  expected.mutable_cpu()->set_quota(50000);
  expected.mutable_cpu()->set_period(100000);
  expected.mutable_cpu()->set_shares(512);
  expected.mutable_cpu()->set_realtimeperiod(3);
  expected.mutable_cpu()->set_realtimeruntime(2);
  expected.mutable_cpu()->set_cpus("0-1");
  expected.mutable_cpu()->set_mems("0");
  expected.mutable_pids()->set_limit(77);
  expected.mutable_blockio()->set_weight(500);
  CHECK(resources.value().SerializeAsString() == expected.SerializeAsString());
  CHECK(requested({}).value().ByteSizeLong() == 0);
}

TEST_CASE("limits out of range are refused by the flag's name") {
  for (const Words& words :
       {Words{"--memory", "abc"}, Words{"--memory-swap", "-2"}, Words{"--cpu-quota", "-2"},
        Words{"--cpu-period", "-1"}, Words{"--cpu-share", "1.5"}, Words{"--pids-limit", ""},
        Words{"--blkio-weight", "5"}, Words{"--blkio-weight", "1001"},
        Words{"--cpu-share", "99999999999999999999"}, Words{"--l3-cache-schema", "L3:0=f"},
        Words{"--mem-bw-schema", "MB:0=20"}}) {
    const auto refused = requested(words);
    REQUIRE_MESSAGE(!refused.ok(), words[0]);
    CHECK(refused.error().message.starts_with(words[0]));
  }
}

TEST_CASE("limits from a file take the place of flags") {
  const TempDir dir;
  write_text(dir / "r", R"({"memory":{"limit":1000},"cpu":{"quota":-1},"pids":{"limit":5},
      "devices":[{"allow":true,"access":"rwm"}],"blockIO":null})");
  const auto resources = requested({"--resources", dir / "r", "--memory", "nonsense"});
  REQUIRE_MESSAGE(resources.ok(), resources.error().message);
  CHECK(resources.value().memory().limit() == 1000);
  CHECK(resources.value().cpu().quota() == -1);
  CHECK(resources.value().pids().limit() == 5);
  CHECK(resources.value().devices_size() == 0);
}

TEST_CASE("hostile files of limits are refused with their name") {
  const TempDir dir;
  const char* const texts[] = {"",
                               "[]",
                               "{",
                               R"({"memory":{"limit":"1"}})",
                               R"({"memory":{"limit":-2}})",
                               R"({"pids":{}})",
                               R"({"cpu":{"quota":1e300}})",
                               R"({"memory":[1]})",
                               "{\"cpu\":{\"cpus\":\"\xff\"}}"};
  for (const char* text : texts) {
    write_text(dir / "r", text);
    const auto refused = requested({"-r", dir / "r"});
    REQUIRE_MESSAGE(!refused.ok(), text);
    CHECK(refused.error().message.find("--resources") == 0);
  }
  CHECK_FALSE(requested({"-r", dir / "absent"}).ok());
}

TEST_CASE("update sends what was given and nothing when nothing was") {
  RuntimeStage stage;
  stage.add_container("c1", "running");
  FakeProxy proxy(stage.proxy_socket("c1"));
  proxy.answer_with("UpdateContainer", grpc::Empty());
  CHECK(stage.run("update", {"c1"}).code.ok());
  CHECK_FALSE(proxy.request<grpc::UpdateContainerRequest>("UpdateContainer").has_value());
  CHECK(stage.run("update", {"--pids-limit", "9", "c1"}).code.ok());
  const auto request = proxy.request<grpc::UpdateContainerRequest>("UpdateContainer");
  REQUIRE(request);
  CHECK(request->container_id() == "c1");
  CHECK(request->resources().pids().limit() == 9);
  CHECK_FALSE(request->resources().has_memory());
  stage.end_container("c1");
  CHECK_FALSE(stage.run("update", {"--pids-limit", "9", "c1"}).code.ok());
}
