// SPDX-License-Identifier: Apache-2.0
//
// pause, resume, update, events and metrics on a real VM.
#include <doctest/doctest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "tests/integration/harness/bundle.h"
#include "tests/integration/harness/runc.h"
#include "tests/integration/harness/runtime.h"

using namespace kata::test;
using nlohmann::json;

namespace {

constexpr std::chrono::seconds kSoon{20};

void run_detached(const Runtime& runtime, const std::string& id, const json& spec) {
  runtime.make(id, spec);
  const CommandResult result = runtime({"run", "--detach", "--bundle", runtime.bundle(id), id});
  REQUIRE_MESSAGE(result.exit_code == 0, result.err);
}

json counting() {
  return default_spec(
      {"/bin/sh", "-c", "i=0; while :; do i=$((i+1)); echo $i > /count; sleep 0.02; done"});
}

std::string count(const Runtime& runtime) {
  std::string text;
  std::ifstream(runtime.bundle("c1") / "rootfs/count") >> text;
  return text;
}

json stats(const Runtime& runtime) {
  const CommandResult result = runtime({"events", "--stats", "c1"});
  REQUIRE_MESSAGE(result.exit_code == 0, result.err);
  return json::parse(result.out);
}

}  // namespace

TEST_CASE("a paused container stands still until it is resumed") {
  const Runtime runtime;
  run_detached(runtime, "c1", counting());
  REQUIRE(eventually([&] { return !count(runtime).empty(); }, kSoon));
  const CommandResult paused = runtime({"pause", "c1"});
  REQUIRE_MESSAGE(paused.exit_code == 0, paused.err);
  CHECK(runtime.state("c1").at("status") == "paused");
  CHECK(runtime({"pause", "c1"}).exit_code == 1);
  CHECK(runtime({"exec", "c1", "true"}).exit_code == 255);
  const std::string before = count(runtime);
  CHECK_FALSE(eventually([&] { return count(runtime) != before; }, std::chrono::milliseconds(500)));
  CHECK(runtime({"resume", "c1"}).exit_code == 0);
  CHECK(runtime.state("c1").at("status") == "running");
  CHECK(eventually([&] { return count(runtime) != before; }, kSoon));
  CHECK(runtime({"resume", "c1"}).exit_code == 1);
  CHECK(runtime.leaked() == "");
}

TEST_CASE("a paused container can be deleted by force") {
  const Runtime runtime;
  run_detached(runtime, "c1", counting());
  REQUIRE(runtime({"pause", "c1"}).exit_code == 0);
  CHECK(runtime({"delete", "c1"}).exit_code == 1);
  CHECK(runtime({"delete", "--force", "c1"}).exit_code == 0);
  CHECK(runtime.leaked() == "");
}

TEST_CASE("update changes the limits that the guest enforces") {
  const Runtime runtime;
  run_detached(runtime, "c1", counting());
  const CommandResult flags =
      runtime({"update", "--memory", "64m", "--pids-limit", "20", "--cpu-share", "512", "c1"});
  REQUIRE_MESSAGE(flags.exit_code == 0, flags.err);
  json data = stats(runtime).at("data");
  CHECK(data.at("memory").at("usage").at("limit") == 64 << 20);
  CHECK(data.at("pids").at("limit") == 20);
  const CommandResult file =
      runtime({"update", "--resources", "-", "c1"}, R"({"memory":{"limit":50331648}})");
  REQUIRE_MESSAGE(file.exit_code == 0, file.err);
  data = stats(runtime).at("data");
  CHECK(data.at("memory").at("usage").at("limit") == 48 << 20);
  CHECK(data.at("pids").at("limit") == 20);
  CHECK(runtime({"update", "--cpuset-mems", "77", "c1"}).exit_code == 1);
  CHECK(runtime({"update", "c1"}).exit_code == 0);
  CHECK(runtime.leaked() == "");
}

TEST_CASE("statistics have members of runc's and numbers of the guest") {
  const Runtime runtime;
  Runc runc(runtime);
  run_detached(runtime, "c1", counting());
  runc.start(runtime.make("oracle", counting()), "o1");
  const json ours = stats(runtime);
  const json theirs = json::parse(runc({"events", "--stats", "o1"}).out);
  const std::vector<std::string> data = {"data.memory.raw", "data.hugetlb", "data.cpuset"};
  const auto known = member_names(theirs, data);
  std::set<std::string> allowed(known.begin(), known.end());
  allowed.insert({"data.memory.cache", "data.pids.limit", "data.cpu.throttling.periods",
                  "data.cpu.throttling.throttledPeriods", "data.cpu.throttling.throttledTime"});
  for (const std::string& name : member_names(ours, data))
    if (!name.starts_with("data.blkio.")) CHECK_MESSAGE(allowed.count(name) == 1, name);
  CHECK(ours.at("data").at("cpu").at("usage").at("total").get<std::uint64_t>() > 0);
  CHECK(ours.at("data").at("memory").at("usage").at("usage").get<std::uint64_t>() > 0);
  CHECK(ours.at("data").at("pids").at("current").get<int>() >= 1);
}

TEST_CASE("an OOM kill is told to whoever follows the events") {
  const Runtime runtime;
  json spec =
      default_spec({"/bin/sh", "-c", "while [ ! -e /go ]; do sleep 0.1; done; tail /dev/zero"});
  spec["linux"]["resources"]["memory"] = {{"limit", 16 << 20}};
  run_detached(runtime, "c1", spec);
  const std::string output = runtime.directory() / "events";
  Background events(runtime.command({"events", "--interval", "200ms", "c1"}), runtime.options(),
                    output);
  const auto seen = [&](const std::string& text) {
    std::ifstream file(output);
    for (std::string line; std::getline(file, line);)
      if (line.find(text) != std::string::npos) return true;
    return false;
  };
  REQUIRE(eventually([&] { return seen("\"stats\""); }, kSoon));
  std::ofstream(runtime.bundle("c1") / "rootfs/go") << "\n";
  CHECK(eventually([&] { return seen(R"({"type":"oom","id":"c1"})"); }, kSoon));
  CHECK(events.wait(kSoon) == 0);
  CHECK(runtime.leaked() == "");
}

TEST_CASE("metrics shows the host's processes and the guest's kernel") {
  const Runtime runtime;
  run_detached(runtime, "c1", counting());
  const CommandResult metrics = runtime({"metrics", "c1"});
  REQUIRE_MESSAGE(metrics.exit_code == 0, metrics.err);
  for (const char* name : {"kata_shim_threads ", "kata_hypervisor_proc_status{item=\"vmrss\"} ",
                           "kata_guest_", "kata_agent_"})
    CHECK_MESSAGE(metrics.out.find(name) != std::string::npos, name);
}
