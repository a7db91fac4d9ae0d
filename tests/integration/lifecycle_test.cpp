// SPDX-License-Identifier: Apache-2.0
//
// create, start, state, exec, kill, list and delete as an engine calls them.
#include <doctest/doctest.h>
#include <signal.h>

#include <fstream>

#include "tests/integration/harness/bundle.h"
#include "tests/integration/harness/runtime.h"

using namespace kata::test;

namespace {
void create(const Runtime& runtime, const std::string& id, const std::vector<std::string>& args) {
  runtime.make(id, default_spec(args));
  const CommandResult result = runtime(
      {"create", "--bundle", runtime.bundle(id), "--pid-file", runtime.bundle(id + ".pid"), id});
  REQUIRE_MESSAGE(result.exit_code == 0, result.err);
}
}  // namespace

TEST_CASE("a container goes from created to running to stopped to gone") {
  const Runtime runtime;
  create(runtime, "c1", {"/bin/sleep", "1000"});
  nlohmann::json state = runtime.state("c1");
  CHECK(state.at("status") == "created");
  CHECK(state.at("bundle") == runtime.bundle("c1").string());
  std::string pid;
  std::ifstream(runtime.bundle("c1.pid")) >> pid;
  CHECK(std::to_string(state.at("pid").get<int>()) == pid);

  CHECK(runtime({"delete", "c1"}).exit_code != 0);
  CHECK(runtime({"start", "c1"}).exit_code == 0);
  CHECK(runtime.state("c1").at("status") == "running");
  const CommandResult again = runtime({"start", "c1"});
  CHECK(again.exit_code != 0);

  CHECK(runtime({"kill", "c1", "SIGKILL"}).exit_code == 0);
  CHECK(eventually([&] { return runtime.state("c1").value("status", "") == "stopped"; },
                   std::chrono::seconds(5)));
  CHECK(runtime({"kill", "c1"}).exit_code != 0);
  const CommandResult deleted = runtime({"delete", "c1"});
  CHECK_MESSAGE(deleted.exit_code == 0, deleted.err);
  CHECK(runtime({"state", "c1"}).exit_code != 0);
  CHECK(runtime.leaked() == "");
}

TEST_CASE("a created container can be deleted by force before it was started") {
  const Runtime runtime;
  create(runtime, "c1", {"/bin/sleep", "1000"});
  const CommandResult deleted = runtime({"delete", "--force", "c1"});
  CHECK_MESSAGE(deleted.exit_code == 0, deleted.err);
  CHECK(runtime.leaked() == "");
}

TEST_CASE("delete by force of a container that never was is no error") {
  const Runtime runtime;
  CHECK(runtime({"delete", "--force", "nobody"}).exit_code == 0);
  CHECK(runtime({"delete", "nobody"}).exit_code != 0);
}

TEST_CASE("exec runs beside the init process with its own stdio and exit code") {
  const Runtime runtime;
  create(runtime, "c1", {"/bin/sleep", "1000"});
  REQUIRE(runtime({"start", "c1"}).exit_code == 0);
  const CommandResult result = runtime(
      {"exec", "--cwd", "/tmp", "--env", "A=b", "c1", "/bin/sh", "-c", "cat; pwd; echo $A; exit 3"},
      "input\n");
  CHECK(result.out == "input\n/tmp\nb\n");
  CHECK(result.exit_code == 3);
  const CommandResult pids = runtime({"exec", "c1", "/bin/sh", "-c", "cat /proc/1/cmdline"});
  CHECK(pids.out.find("sleep") != std::string::npos);
  const CommandResult detached = runtime(
      {"exec", "--detach", "--pid-file", runtime.bundle("exec.pid"), "c1", "/bin/sleep", "500"});
  CHECK_MESSAGE(detached.exit_code == 0, detached.err);
  CHECK(std::filesystem::exists(runtime.bundle("exec.pid")));
  const CommandResult missing = runtime({"exec", "c1", "/bin/nothing"});
  CHECK(missing.exit_code != 0);
  CHECK(missing.err.find("/bin/nothing") != std::string::npos);
  CHECK(runtime({"delete", "--force", "c1"}).exit_code == 0);
  CHECK(runtime.leaked() == "");
}

TEST_CASE("two sandboxes live side by side and list shows both") {
  const Runtime runtime;
  create(runtime, "c1", {"/bin/sleep", "1000"});
  create(runtime, "c2", {"/bin/sleep", "1000"});
  REQUIRE(runtime({"start", "c1"}).exit_code == 0);
  REQUIRE(runtime({"start", "c2"}).exit_code == 0);
  const CommandResult one = runtime({"exec", "c1", "/bin/sh", "-c", "echo one > /which"});
  const CommandResult two = runtime({"exec", "c2", "/bin/sh", "-c", "ls /which; hostname"});
  CHECK(one.exit_code == 0);
  CHECK(two.out == "kata-test\n");
  const nlohmann::json list = nlohmann::json::parse(runtime({"list", "--format", "json"}).out);
  CHECK(list.size() == 2);
  CHECK(runtime({"list", "-q"}).out == "c1\nc2\n");
  CHECK(runtime({"delete", "--force", "c1"}).exit_code == 0);
  CHECK(runtime.state("c2").at("status") == "running");
  CHECK(runtime({"delete", "--force", "c2"}).exit_code == 0);
  CHECK(runtime.leaked() == "");
}

TEST_CASE("an id that is taken is refused and the first container lives on") {
  const Runtime runtime;
  create(runtime, "c1", {"/bin/sleep", "1000"});
  const CommandResult second = runtime({"create", "--bundle", runtime.bundle("c1"), "c1"});
  CHECK(second.exit_code != 0);
  CHECK(second.err.find("c1") != std::string::npos);
  CHECK(runtime({"start", "c1"}).exit_code == 0);
  CHECK(runtime.state("c1").at("status") == "running");
}

TEST_CASE("a foreground run forwards SIGTERM to the workload") {
  const Runtime runtime;
  nlohmann::json spec = default_spec(
      {"/bin/sh", "-c", "trap 'echo got it; exit 12' TERM; echo ready; while :; do sleep 1; done"});
  runtime.make("c1", spec);
  const std::string output = runtime.bundle("output");
  Background run(runtime.command({"run", "--bundle", runtime.bundle("c1"), "c1"}),
                 runtime.options(), output);
  const auto printed = [&](const std::string& text) {
    std::ifstream file(output);
    for (std::string line; std::getline(file, line);)
      if (line == text) return true;
    return false;
  };
  REQUIRE(eventually([&] { return printed("ready"); }, std::chrono::seconds(60)));
  ::kill(run.pid(), SIGTERM);
  CHECK(run.wait(std::chrono::seconds(20)) == 12);
  CHECK(printed("got it"));
  CHECK(runtime.leaked() == "");
}
