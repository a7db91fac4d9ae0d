// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "programs/kata-runtime/orphans.h"
#include "tests/unit/kata-runtime/runtime_stage.h"

using namespace kata;
using namespace kata::runtime;
using kata::test::RuntimeStage;
using kata::test::TempDir;
using kata::test::write_text;
using std::chrono::seconds;

namespace {

void kill_proxy(RuntimeStage& stage, const std::string& id) {
  auto record = stage.store().load_sandbox(id).take();
  record.vmm = {};
  record.proxy.start_time = 1;  // some other process has the pid now
  REQUIRE(stage.store().save(record).ok());
  stage.end_container(id);
}

OrphanSearch find(const RuntimeStage& stage, const TempDir& proc, seconds grace = seconds(0)) {
  auto found = find_orphans(stage.store(), grace, proc.path());
  REQUIRE_MESSAGE(found.ok(), found.error().message);
  return found.take();
}

void add_process(const TempDir& proc, const std::string& pid, const Words& words) {
  std::string text;
  for (const std::string& word : words) text += word + '\0';
  write_text(proc / pid / "cmdline", text);
}

}  // namespace

TEST_CASE("what lives is no orphan and a stopped container of a live sandbox neither") {
  RuntimeStage stage;
  const TempDir proc;
  stage.add_container("alive", "running");
  stage.add_container("stopped", "running");
  stage.end_container("stopped");
  CHECK(find(stage, proc).orphans.empty());
}

TEST_CASE("a sandbox whose proxy has died is an orphan with all its containers") {
  RuntimeStage stage;
  const TempDir proc;
  stage.add_container("pod", "running");
  REQUIRE(stage.store().reserve("inner").ok());
  sandbox::ContainerRecord inner;
  inner.id = "inner";
  inner.sandbox_id = "pod";
  inner.status = "running";
  REQUIRE(stage.store().save(inner).ok());
  CHECK(find(stage, proc).orphans.empty());
  kill_proxy(stage, "pod");
  const auto found = find(stage, proc);
  REQUIRE(found.orphans.size() == 1);
  CHECK(found.orphans[0].id == "pod");
  CHECK(found.orphans[0].containers == std::vector<std::string>{"inner"});
  CHECK(found.orphans[0].why == "its kata-proxy has died");
  REQUIRE(remove_orphan(stage.globals, found.orphans[0]).ok());
  CHECK(stage.store().container_ids().value().empty());
  CHECK(remove_orphan(stage.globals, found.orphans[0]).ok());
}

TEST_CASE("what a killed create began is an orphan once it is old enough") {
  RuntimeStage stage;
  const TempDir proc;
  REQUIRE(stage.store().reserve("empty").ok());
  stage.add_container("begun", "creating");
  stage.end_container("begun");
  auto record = stage.store().load_sandbox("begun").take();
  record.proxy = record.vmm = {};
  REQUIRE(stage.store().save(record).ok());
  CHECK(find(stage, proc, seconds(3600)).orphans.empty());
  const auto found = find(stage, proc);
  REQUIRE(found.orphans.size() == 2);
  CHECK(found.orphans[0].why == "its creation was broken off");
  CHECK(found.orphans[1].why == "it holds no record");
  for (const Orphan& orphan : found.orphans) CHECK(remove_orphan(stage.globals, orphan).ok());
  CHECK(stage.store().container_ids().value().empty());
}

TEST_CASE("a container whose sandbox is gone is an orphan") {
  RuntimeStage stage;
  const TempDir proc;
  REQUIRE(stage.store().reserve("c1").ok());
  sandbox::ContainerRecord record;
  record.id = "c1";
  record.sandbox_id = "gone";
  record.status = "running";
  REQUIRE(stage.store().save(record).ok());
  const auto found = find(stage, proc);
  REQUIRE(found.orphans.size() == 1);
  CHECK(found.orphans[0].why == "its sandbox 'gone' does not exist");
  CHECK(remove_orphan(stage.globals, found.orphans[0]).ok());
  CHECK(stage.store().container_ids().value().empty());
}

TEST_CASE("a sandbox with a damaged record is left alone while a process of it lives") {
  RuntimeStage stage;
  const TempDir proc;
  const std::string pid = std::to_string(::getpid());
  stage.add_container("c1", "running");
  write_text(stage.store().directory("c1") / "sandbox.json", "{");
  add_process(proc, pid, {"/x/kata-proxy", "--root", stage.globals.root, "--sandbox", "c1"});
  const auto alive = find(stage, proc);
  CHECK(alive.orphans.empty());
  REQUIRE(alive.unclear.size() == 1);
  CHECK(alive.unclear[0].find("sandbox.json") != std::string::npos);

  std::filesystem::remove_all(proc / pid);
  const auto dead = find(stage, proc);
  REQUIRE(dead.orphans.size() == 1);
  CHECK(dead.orphans[0].why.find("sandbox.json") != std::string::npos);
  stage.end_container("c1");  // the test plays the shim
  CHECK(remove_orphan(stage.globals, dead.orphans[0]).ok());
  CHECK(stage.store().container_ids().value().empty());
}

TEST_CASE("a container whose creator was killed is stopped and an orphan even if its VM runs") {
  RuntimeStage stage;
  const TempDir proc;
  auto record = stage.add_container("c1", "creating");
  record.shim = {};
  record.creator = kata::test::ourselves();
  REQUIRE(stage.store().save(record).ok());
  CHECK(stage.status("c1") == "creating");
  CHECK(find(stage, proc).orphans.empty());
  record.creator.start_time = 1;  // its pid is another process's now
  REQUIRE(stage.store().save(record).ok());
  CHECK(stage.status("c1") == "stopped");
  const auto found = find(stage, proc);
  REQUIRE(found.orphans.size() == 1);
  CHECK(found.orphans[0].why == "its creation was broken off");
}

TEST_CASE("what a verb is at work on is no orphan") {
  RuntimeStage stage;
  const TempDir proc;
  stage.add_container("pod", "running");
  kill_proxy(stage, "pod");
  {
    const auto lock = stage.store().lock("pod", std::chrono::steady_clock::now());
    REQUIRE(lock.ok());
    CHECK(find(stage, proc).orphans.empty());
  }
  CHECK(find(stage, proc).orphans.size() == 1);
}

TEST_CASE("processes of ours whose sandbox is gone are orphans and others never") {
  RuntimeStage stage;
  const TempDir proc;
  stage.add_container("alive", "running");
  SpawnRequest request;
  request.argv = {"/bin/sleep", "1000"};
  ChildProcess stray = ChildProcess::spawn(std::move(request)).take();
  const std::string root = stage.globals.root;
  const std::string pid = std::to_string(stray.pid());
  add_process(proc, pid, {"/usr/bin/qemu-system-x86_64", "-qmp", "unix:" + root + "/gone/hv/q"});
  add_process(proc, "3", {"/usr/bin/qemu-system-x86_64", "-qmp", "unix:" + root + "/alive/hv/q"});
  add_process(proc, "4", {"/usr/bin/tail", "-f", root + "/gone/proxy.log"});
  add_process(proc, "5", {"/usr/bin/virtiofsd", "--shared-dir", "/elsewhere/gone/x"});
  add_process(proc, "6", {"/x/kata-proxy", "--root", root, "--sandbox", "alive"});
  add_process(proc, "7", {"/x/kata-shim", "--agent", "unix://" + root + "/../gone/x"});
  const auto found = find(stage, proc);
  REQUIRE(found.orphans.size() == 1);
  CHECK(found.orphans[0].process.pid == stray.pid());
  CHECK(found.orphans[0].why == "its sandbox 'gone' does not exist");
  Orphan other = found.orphans[0];
  other.process.start_time = 1;  // the pid is somebody else's
  CHECK(remove_orphan(stage.globals, other).ok());
  CHECK_FALSE(stray.wait(std::chrono::steady_clock::now()).value().has_value());
  CHECK(remove_orphan(stage.globals, found.orphans[0]).ok());
  CHECK(stray.wait(std::chrono::steady_clock::now() + seconds(5)).value().has_value());
}

TEST_CASE("gc removes and says so and a dry run only says so") {
  RuntimeStage stage;
  stage.add_container("pod", "running");
  kill_proxy(stage, "pod");
  CHECK(stage.run("gc", {}).out.empty());  // too young
  CHECK(stage.run("gc", {"--dry-run", "--older-than", "0"}).out ==
        "would remove sandbox 'pod': its kata-proxy has died\n");
  CHECK(stage.run("list", {"-q"}).out == "pod\n");
  const auto json = nlohmann::json::parse(stage.run("gc", {"-n", "--json", "--older-than=0"}).out);
  CHECK(json.at(0).at("id") == "pod");
  CHECK(json.at(0).at("removed") == false);
  const auto removed = stage.run("gc", {"--older-than", "0s"});
  CHECK(removed.code.value() == 0);
  CHECK(removed.out == "removed sandbox 'pod': its kata-proxy has died\n");
  CHECK(stage.run("list", {"-q"}).out.empty());
  CHECK(stage.run("gc", {"--older-than", "0s"}).out.empty());
  CHECK_FALSE(stage.run("gc", {"--older-than", "soon"}).code.ok());
}
