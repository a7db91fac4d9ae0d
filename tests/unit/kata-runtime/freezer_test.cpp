// SPDX-License-Identifier: Apache-2.0
//
// pause, resume and kill --all against an agent that a test plays.
#include <doctest/doctest.h>

#include "protocol/agent.pb.h"
#include "tests/fakes/fake_proxy.h"
#include "tests/unit/kata-runtime/runtime_stage.h"

using namespace kata;
using kata::fakes::FakeProxy;
using kata::test::RuntimeStage;

namespace {
Result<std::string> refusal(const std::string&) {
  return make_error(ErrorCode::kFailedPrecondition, "not paused");
}
}  // namespace

TEST_CASE("pause asks the agent and is seen by state until resume") {
  RuntimeStage stage;
  stage.add_container("c1", "running");
  FakeProxy proxy(stage.proxy_socket("c1"));
  proxy.answer_with("PauseContainer", grpc::Empty());
  proxy.answer_with("ResumeContainer", grpc::Empty());
  CHECK(stage.run("pause", {"c1"}).code.ok());
  CHECK(proxy.request<grpc::PauseContainerRequest>("PauseContainer")->container_id() == "c1");
  CHECK(stage.status("c1") == "paused");
  CHECK(stage.run("resume", {"c1"}).code.ok());
  CHECK(proxy.request<grpc::ResumeContainerRequest>("ResumeContainer")->container_id() == "c1");
  CHECK(stage.status("c1") == "running");
}

TEST_CASE("a container that was paused before its start is created again after resume") {
  RuntimeStage stage;
  stage.add_container("c1", "created");
  FakeProxy proxy(stage.proxy_socket("c1"));
  proxy.answer_with("PauseContainer", grpc::Empty());
  proxy.answer_with("ResumeContainer", grpc::Empty());
  REQUIRE(stage.run("pause", {"c1"}).code.ok());
  CHECK_FALSE(stage.run("start", {"c1"}).code.ok());
  REQUIRE(stage.run("resume", {"c1"}).code.ok());
  CHECK(stage.status("c1") == "created");
}

TEST_CASE("pausing twice and resuming what runs are refused as runc does") {
  RuntimeStage stage;
  stage.add_container("c1", "running");
  FakeProxy proxy(stage.proxy_socket("c1"));
  proxy.answer_with("PauseContainer", grpc::Empty());
  proxy.answer("ResumeContainer", refusal);
  const auto resumed = stage.run("resume", {"c1"});
  REQUIRE_FALSE(resumed.code.ok());
  CHECK(resumed.code.error().message ==
        "container 'c1' is running: only a paused container can be resumed");
  REQUIRE(stage.run("pause", {"c1"}).code.ok());
  const auto again = stage.run("pause", {"c1"});
  REQUIRE_FALSE(again.code.ok());
  CHECK(again.code.error().message ==
        "container 'c1' is paused: only a created or running container can be paused");
}

TEST_CASE("resume heals the record of a pause that was killed half-way") {
  RuntimeStage stage;
  stage.add_container("c1", "running");  // the guest froze it, the record does not know
  FakeProxy proxy(stage.proxy_socket("c1"));
  proxy.answer_with("ResumeContainer", grpc::Empty());
  CHECK(stage.run("resume", {"c1"}).code.ok());
  CHECK(stage.status("c1") == "running");
}

TEST_CASE("a pause that the agent refuses leaves the container running") {
  RuntimeStage stage;
  stage.add_container("c1", "running");
  FakeProxy proxy(stage.proxy_socket("c1"));
  proxy.answer("PauseContainer", [](const std::string&) -> Result<std::string> {
    return make_error(ErrorCode::kInternal, "freezer: no such cgroup");
  });
  const auto paused = stage.run("pause", {"c1"});
  REQUIRE_FALSE(paused.code.ok());
  CHECK(paused.code.error().message == "pause container 'c1': freezer: no such cgroup");
  CHECK(stage.status("c1") == "running");
}

TEST_CASE("an agent that knows no pause is named with the remedy") {
  RuntimeStage stage;
  stage.add_container("c1", "running");
  const FakeProxy proxy(stage.proxy_socket("c1"));
  const auto paused = stage.run("pause", {"c1"});
  REQUIRE_FALSE(paused.code.ok());
  CHECK(
      paused.code.error().message ==
      "pause container 'c1': the agent of sandbox 'c1' cannot do PauseContainer (PauseContainer is "
      "not implemented): rebuild the guest, perhaps with a newer agent");
}

TEST_CASE("a stopped container cannot be paused or resumed") {
  RuntimeStage stage;
  stage.add_container("c1", "running");
  stage.end_container("c1");
  CHECK_FALSE(stage.run("pause", {"c1"}).code.ok());
  CHECK_FALSE(stage.run("resume", {"c1"}).code.ok());
}

TEST_CASE("exec in a paused container needs to be told to ignore that") {
  RuntimeStage stage;
  auto record = stage.add_container("c1", "running");
  record.paused = true;
  REQUIRE(stage.store().save(record).ok());
  const auto refused = stage.run("exec", {"c1", "true"});
  REQUIRE_FALSE(refused.code.ok());
  CHECK(refused.code.error().message.find("--ignore-paused") != std::string::npos);
  const auto accepted = stage.run("exec", {"--ignore-paused", "c1", "true"});
  REQUIRE_FALSE(accepted.code.ok());  // the bundle is not there: it got as far as that
  CHECK(accepted.code.error().message.find("config.json") != std::string::npos);
}

TEST_CASE("exec that fails has the exit code of runc and other verbs have 1") {
  RuntimeStage stage;
  CHECK(runtime::run_program("kata-runtime",
                             {"--root", stage.globals.root, "exec", "nobody", "true"}) == 255);
  CHECK(runtime::run_program("kata-runtime", {"--root", stage.globals.root, "exec"}) == 1);
  CHECK(runtime::run_program("kata-runtime", {"--root", stage.globals.root, "ps", "nobody"}) == 1);
}

TEST_CASE("kill --all reaches every process and is content with a stopped container") {
  RuntimeStage stage;
  stage.add_container("c1", "running");
  FakeProxy proxy(stage.proxy_socket("c1"));
  proxy.answer_with("SignalProcess", grpc::Empty());
  CHECK(stage.run("kill", {"--all", "c1", "USR1"}).code.ok());
  const auto request = proxy.request<grpc::SignalProcessRequest>("SignalProcess");
  CHECK(request->exec_id() == "*");
  CHECK(request->signal() == 10);
  CHECK(stage.run("kill", {"--all", "c1", "KILL"}).code.ok());
  CHECK(proxy.request<grpc::SignalProcessRequest>("SignalProcess")->exec_id().empty());
  CHECK(stage.run("kill", {"c1"}).code.ok());
  CHECK(proxy.request<grpc::SignalProcessRequest>("SignalProcess")->exec_id() == "c1");
  stage.end_container("c1");
  CHECK(stage.run("kill", {"--all", "c1", "KILL"}).code.ok());
  CHECK_FALSE(stage.run("kill", {"c1", "KILL"}).code.ok());
  CHECK_FALSE(stage.run("kill", {"--all", "nobody"}).code.ok());
}
