// SPDX-License-Identifier: Apache-2.0
//
// ps, kill --all, exec --process, gc, check and features on a real VM; runc shows what callers
// expect of the output.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "tests/integration/harness/bundle.h"
#include "tests/integration/harness/runc.h"
#include "tests/integration/harness/runtime.h"

using namespace kata::test;
using nlohmann::json;

namespace {

void run_detached(const Runtime& runtime, const std::string& id,
                  const std::vector<std::string>& args) {
  runtime.make(id, default_spec(args));
  const CommandResult result = runtime({"run", "--detach", "--bundle", runtime.bundle(id), id});
  REQUIRE_MESSAGE(result.exit_code == 0, result.err);
}

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> out;
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}
std::vector<std::string> lines(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

bool appears(const std::filesystem::path& file) {
  return eventually([&] { return std::filesystem::exists(file); }, std::chrono::seconds(20));
}

}  // namespace

TEST_CASE("ps shows what runs in the guest under the headers of runc") {
  const Runtime runtime;
  Runc runc(runtime);
  run_detached(runtime, "c1", {"/bin/sleep", "1000"});
  REQUIRE(runtime({"exec", "--detach", "c1", "/bin/sleep", "777"}).exit_code == 0);
  runc.start(runtime.make("oracle", default_spec({"/bin/sleep", "1000"})), "o1");

  const CommandResult table = runtime({"ps", "c1"});
  REQUIRE_MESSAGE(table.exit_code == 0, table.err);
  const auto rows = lines(table.out);
  const auto expected = lines(runc({"ps", "o1"}).out);
  REQUIRE(rows.size() == 3);
  CHECK(words(rows[0]) == words(expected[0]));
  CHECK(words(rows[1]).size() == words(expected[1]).size());
  CHECK(words(rows[1])[0] == "root");
  CHECK(words(rows[1])[1] == "1");
  CHECK(rows[1].ends_with("/bin/sleep 1000"));
  CHECK(rows[2].ends_with("/bin/sleep 777"));
  CHECK(runtime({"ps", "c1", "--", "-o", "pid,comm"}).out.starts_with("PID COMMAND\n  1 sleep\n"));

  const json pids = json::parse(runtime({"ps", "--format", "json", "c1"}).out);
  const json theirs = json::parse(runc({"ps", "--format", "json", "o1"}).out);
  CHECK(theirs.is_array());
  REQUIRE(pids.size() == 2);
  CHECK(std::find(pids.begin(), pids.end(), runtime.state("c1").at("pid")) != pids.end());
}

TEST_CASE("list and state have the columns and members of runc") {
  const Runtime runtime;
  Runc runc(runtime);
  run_detached(runtime, "c1", {"/bin/sleep", "1000"});
  runc.start(runtime.make("oracle", default_spec({"/bin/sleep", "1000"})), "o1");
  CHECK(words(lines(runtime({"list"}).out)[0]) == words(lines(runc({"list"}).out)[0]));
  const auto members = [](const json& value) {
    const auto names = member_names(value, {"annotations"});
    return std::set<std::string>(names.begin(), names.end());
  };
  const auto ours = members(json::parse(runtime({"list", "-f", "json"}).out).at(0));
  for (const std::string& name : members(json::parse(runc({"list", "-f", "json"}).out).at(0)))
    CHECK_MESSAGE(ours.count(name) == 1, name);
  for (const std::string& name : members(json::parse(runc({"state", "o1"}).out)))
    CHECK_MESSAGE(members(runtime.state("c1")).count(name) == 1, name);
}

TEST_CASE("features has the members of runc") {
  const Runtime runtime;
  const Runc runc(runtime);
  const json ours = json::parse(runtime({"features"}).out);
  const json theirs = json::parse(runc({"features"}).out);
  const auto names = member_names(ours, {"annotations"});
  for (const std::string& name : member_names(theirs, {"annotations"}))
    CHECK_MESSAGE(std::find(names.begin(), names.end(), name) != names.end(), name);
}

TEST_CASE("verbs fail with the exit codes of runc") {
  const Runtime runtime;
  const Runc runc(runtime);
  for (const std::vector<std::string>& verb : {std::vector<std::string>{"ps", "nobody"},
                                               {"pause", "nobody"},
                                               {"resume", "nobody"},
                                               {"update", "--memory", "1m", "nobody"},
                                               {"events", "--stats", "nobody"},
                                               {"kill", "--all", "nobody"},
                                               {"state", "nobody"},
                                               {"exec", "nobody", "true"},
                                               {"delete", "--force", "nobody"},
                                               {"list", "--format", "xml"}}) {
    const CommandResult ours = runtime(verb);
    CHECK_MESSAGE(ours.exit_code == runc(verb).exit_code, verb[0]);
    CHECK_MESSAGE(std::count(ours.err.begin(), ours.err.end(), '\n') <= 1, ours.err);
  }
}

TEST_CASE("kill --all with a signal that is not KILL reaches every process") {
  const Runtime runtime;
  run_detached(runtime, "c1",
               {"/bin/sh", "-c",
                "sh -c 'trap \"echo > /b\" USR1; echo > /ready-b; while :; do sleep 0.1; done' & "
                "trap 'echo > /a' USR1; echo > /ready-a; while :; do sleep 0.1; done"});
  const auto rootfs = runtime.bundle("c1") / "rootfs";
  REQUIRE(appears(rootfs / "ready-a"));
  REQUIRE(appears(rootfs / "ready-b"));
  const CommandResult killed = runtime({"kill", "--all", "c1", "USR1"});
  REQUIRE_MESSAGE(killed.exit_code == 0, killed.err);
  CHECK(appears(rootfs / "a"));
  CHECK(appears(rootfs / "b"));
  CHECK(runtime({"kill", "--all", "c1", "KILL"}).exit_code == 0);
  REQUIRE(eventually([&] { return runtime.state("c1").value("status", "") == "stopped"; },
                     std::chrono::seconds(10)));
  CHECK(runtime({"kill", "--all", "c1", "KILL"}).exit_code == 0);
  CHECK(runtime({"delete", "c1"}).exit_code == 0);
  CHECK(runtime.leaked() == "");
}

TEST_CASE("exec takes a process as engines write it") {
  const Runtime runtime;
  run_detached(runtime, "c1", {"/bin/sleep", "1000"});
  json process = default_spec({"/bin/sh", "-c", "id -u; pwd; echo $A"}).at("process");
  process["user"] = {{"uid", 1000}, {"gid", 1000}};
  process["cwd"] = "/tmp";
  process["env"] = {"PATH=/bin", "A=from file"};
  const auto file = runtime.directory() / "process.json";
  std::ofstream(file) << process.dump();
  const CommandResult result = runtime({"exec", "--process", file, "c1"});
  CHECK(result.out == "1000\n/tmp\nfrom file\n");
  CHECK(result.exit_code == 0);
  CHECK(runtime({"exec", "--apparmor", "", "--process-label", "x", "c1", "true"}).exit_code == 0);
  CHECK(runtime({"exec", "--cgroup", "sub", "c1", "true"}).exit_code == 255);
  CHECK(runtime({"exec", "c1", "/bin/nothing"}).exit_code == 255);
}

TEST_CASE("gc removes what a killed proxy left and nothing that lives") {
  const Runtime runtime;
  run_detached(runtime, "dead", {"/bin/sleep", "1000"});
  run_detached(runtime, "alive", {"/bin/sleep", "1000"});
  const json record = json::parse(std::ifstream(runtime.root() / "dead/sandbox.json"));
  REQUIRE(::kill(record.at("proxy").at("pid").get<pid_t>(), SIGKILL) == 0);
  REQUIRE(eventually([&] { return runtime.state("dead").value("status", "") == "stopped"; },
                     std::chrono::seconds(10)));
  const CommandResult dry = runtime({"gc", "--dry-run", "--older-than", "0"});
  CHECK(dry.out == "would remove sandbox 'dead': its kata-proxy has died\n");
  const CommandResult removed = runtime({"gc", "--older-than", "0"});
  CHECK_MESSAGE(removed.exit_code == 0, removed.err);
  CHECK(removed.out == "removed sandbox 'dead': its kata-proxy has died\n");
  CHECK(runtime({"list", "-q"}).out == "alive\n");
  CHECK(runtime({"exec", "alive", "true"}).exit_code == 0);
  CHECK(runtime.leaked() == "");
}

TEST_CASE("check finds that containers can run where they do") {
  const Runtime runtime;
  const CommandResult check = runtime({"check", "--json"});
  CHECK_MESSAGE(check.exit_code == 0, check.out);
  CHECK(json::parse(check.out).at("ok") == true);
  runtime.configure("accelerator = \"kvm\"\nagent_transport = \"vsock\"\npath = \"/no/qemu\"\n");
  const CommandResult refused = runtime({"check", "--json"});
  CHECK(refused.exit_code == 1);
  std::filesystem::create_directory(runtime.directory() / "config.d");
  std::ofstream(runtime.directory() / "config.d/10-this-host.toml")
      << json::parse(refused.out).at("configuration").get<std::string>();
  const CommandResult cured = runtime({"check"});
  CHECK_MESSAGE(cured.exit_code == 0, cured.out);
  CHECK(runtime.run_script("echo works").out == "works\n");
}
