// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "programs/kata-runtime/duration.h"
#include "programs/kata-runtime/stats_json.h"
#include "protocol/sandbox.pb.h"
#include "tests/fakes/fake_proxy.h"
#include "tests/unit/kata-runtime/runtime_stage.h"

using namespace kata;
using namespace kata::runtime;
using kata::fakes::FakeProxy;
using kata::test::RuntimeStage;
using nlohmann::json;

namespace {

// What `runc events --stats` of version 1.1.5 printed for a sleeping container.
constexpr const char* kRuncStats =
    R"({"type":"stats","id":"c1","data":{"cpu":{"usage":{"total":14038536,"percpu":[4676855,9361681],
"percpu_kernel":[0,4000000],"percpu_user":[0,0],"kernel":10000000,"user":0},"throttling":{}},
"cpuset":{"cpus":[0,1]},"memory":{"usage":{"limit":9223372036854771712,"usage":712704,"max":2772992,
"failcnt":0},"swap":{"limit":9223372036854771712,"usage":712704,"max":2772992,"failcnt":0},"kernel":
{"limit":9223372036854771712,"usage":249856,"max":569344,"failcnt":0},"kernelTCP":{"limit":
9223372036854771712,"failcnt":0},"raw":{"cache":0,"rss":53248}},"pids":{"current":1},"blkio":{},
"hugetlb":{},"intel_rdt":{},"network_interfaces":null}})";

grpc::StatsContainerResponse some_stats() {
  grpc::StatsContainerResponse stats;
  auto& group = *stats.mutable_cgroup_stats();
  group.mutable_cpu_stats()->mutable_cpu_usage()->set_total_usage(14038536);
  group.mutable_cpu_stats()->mutable_cpu_usage()->add_percpu_usage(4676855);
  group.mutable_cpu_stats()->mutable_cpu_usage()->set_usage_in_kernelmode(10000000);
  group.mutable_memory_stats()->mutable_usage()->set_usage(712704);
  group.mutable_memory_stats()->mutable_usage()->set_limit(UINT64_MAX);
  (*group.mutable_memory_stats()->mutable_stats())["cache"] = 0;
  group.mutable_pids_stats()->set_current(1);
  return stats;
}

// The paths of all members, "data.cpu.usage.total", but not of maps whose names are data.
void collect(const json& value, const std::string& path, std::set<std::string>& out) {
  if (!value.is_object() || path.ends_with(".raw")) return;
  for (const auto& [key, member] : value.items()) {
    out.insert(path + "." + key);
    collect(member, path + "." + key, out);
  }
}
std::set<std::string> members(const json& value) {
  std::set<std::string> out;
  collect(value, "", out);
  return out;
}

std::vector<json> lines_of(const std::string& text) {
  std::vector<json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(json::parse(line));
  return lines;
}

}  // namespace

TEST_CASE("times are numbers with units") {
  using namespace std::chrono_literals;
  CHECK(duration("5s").value() == 5s);
  CHECK(duration("250ms").value() == 250ms);
  CHECK(duration("1m30s").value() == 90s);
  CHECK(duration("1.5h").value() == 90min);
  CHECK(duration("7ns").value() == 7ns);
  CHECK(duration("3us").value() == 3us);
  for (const char* bad :
       {"", "5", "s", "-5s", "0s", "5 s", "1d", "1.2.3s", "5ss", "99999999h", "1e3s", "0.1ns"})
    CHECK_MESSAGE(!duration(bad).ok(), bad);
}

TEST_CASE("statistics have the members of runc's") {
  const json ours = json::parse(stats_event("c1", some_stats()));
  const std::set<std::string> known = members(json::parse(kRuncStats));
  for (const std::string& member : members(ours)) CHECK_MESSAGE(known.count(member) == 1, member);
  for (const char* needed :
       {".data.cpu.usage.total", ".data.cpu.usage.percpu", ".data.cpu.usage.kernel",
        ".data.cpu.usage.user", ".data.cpu.throttling", ".data.memory.usage.usage",
        ".data.memory.usage.limit", ".data.memory.usage.failcnt", ".data.memory.swap",
        ".data.memory.kernel", ".data.memory.kernelTCP", ".data.memory.raw", ".data.pids.current",
        ".data.blkio", ".data.hugetlb", ".data.intel_rdt", ".data.network_interfaces"})
    CHECK_MESSAGE(members(ours).count(needed) == 1, needed);
  CHECK(ours.at("data").at("memory").at("usage").at("limit") == UINT64_MAX);
  CHECK(ours.at("data").at("memory").at("raw").at("cache") == 0);
  CHECK_FALSE(members(ours).count(".data.memory.usage.max"));
}

TEST_CASE("block and huge page statistics have runc's names") {
  grpc::StatsContainerResponse stats = some_stats();
  auto& entry =
      *stats.mutable_cgroup_stats()->mutable_blkio_stats()->add_io_service_bytes_recursive();
  entry.set_major(254);
  entry.set_op("Read");
  entry.set_value(4096);
  (*stats.mutable_cgroup_stats()->mutable_hugetlb_stats())["2MB"].set_usage(7);
  stats.add_network_stats()->set_name("eth0");
  const json data = json::parse(stats_event("c1", stats)).at("data");
  CHECK(data.at("blkio").at("ioServiceBytesRecursive") ==
        json::parse(R"([{"major":254,"op":"Read","value":4096}])"));
  CHECK(data.at("hugetlb") == json::parse(R"({"2MB":{"usage":7,"failcnt":0}})"));
  CHECK(data.at("network_interfaces").at(0).at("Name") == "eth0");
}

TEST_CASE("a guest's names cannot break the line or the terminal") {
  grpc::StatsContainerResponse stats = some_stats();
  (*stats.mutable_cgroup_stats()->mutable_memory_stats()->mutable_stats())["a\n\x1b[2J\"}\xff"] = 1;
  const std::string line = stats_event("c1", stats);
  for (const char c : line) CHECK((c >= ' ' && c <= '~'));
  CHECK(json::accept(line));
}

TEST_CASE("events --stats prints one line") {
  RuntimeStage stage;
  stage.add_container("c1", "running");
  FakeProxy proxy(stage.proxy_socket("c1"));
  proxy.answer_with("StatsContainer", some_stats());
  const auto outcome = stage.run("events", {"--stats", "c1"});
  REQUIRE_MESSAGE(outcome.code.ok(), outcome.code.error().message);
  CHECK(outcome.out == stats_event("c1", some_stats()) + "\n");
  CHECK(proxy.request<grpc::StatsContainerRequest>("StatsContainer")->container_id() == "c1");
}

TEST_CASE("events prints statistics and each OOM kill until the container ends") {
  RuntimeStage stage;
  stage.add_container("c1", "running");
  ChildProcess shim = [] {
    SpawnRequest request;
    request.argv = {"/bin/sleep", "1000"};
    return ChildProcess::spawn(std::move(request)).take();
  }();
  auto record = stage.store().load_container("c1").take();
  record.shim = {shim.pid(), process_start_time(shim.pid()).take()};
  REQUIRE(stage.store().save(record).ok());
  FakeProxy proxy(stage.proxy_socket("c1"));
  int calls = 0, lines = 0;  // of the proxy's thread
  proxy.answer("StatsContainer", [&lines](const std::string&) -> Result<std::string> {
    ++lines;
    return some_stats().SerializeAsString();
  });
  proxy.answer("WaitOom", [&](const std::string&) -> Result<std::string> {
    sandbox::WaitOomResponse response;
    response.set_count(++calls == 1 ? 5 : 7);  // 5 before we came, two since
    if (lines == 2) static_cast<void>(shim.kill(SIGKILL));
    return response.SerializeAsString();
  });
  const auto outcome = stage.run("events", {"--interval", "1ms", "c1"});
  static_cast<void>(shim.wait(std::chrono::steady_clock::now() + std::chrono::seconds(5)));
  REQUIRE_MESSAGE(outcome.code.ok(), outcome.code.error().message);
  int ooms = 0, stats = 0;
  for (const json& line : lines_of(outcome.out)) {
    if (line == json::parse(R"({"type":"oom","id":"c1"})")) ++ooms;
    if (line.at("type") == "stats") ++stats;
  }
  CHECK(ooms == 2);
  CHECK(stats >= 2);
}

TEST_CASE("events refuses a stopped container and a wrong interval") {
  RuntimeStage stage;
  stage.add_container("c1", "running");
  CHECK_FALSE(stage.run("events", {"--interval", "0", "c1"}).code.ok());
  CHECK_FALSE(stage.run("events", {"--stats", "c1"}).code.ok());  // nobody listens
  stage.end_container("c1");
  CHECK_FALSE(stage.run("events", {"c1"}).code.ok());
}
