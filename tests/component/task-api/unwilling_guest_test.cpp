// SPDX-License-Identifier: Apache-2.0
//
// A guest that does not end or does not remove what it is told to.
#include <csignal>

#include "agent.pb.h"
#include "tests/component/task-api/stage.h"

using namespace kata;
using namespace kata::test;

TEST_CASE("an exec that the guest does not end is given up and its container lives") {
  Stage stage(kShort);
  stage.run("c1");
  REQUIRE(stage.exec("c1", "e1").ok());
  REQUIRE(stage.start("c1", "e1").ok());
  stage.guest.deaf = true;
  CHECK(stage.kill("c1", "e1", SIGKILL).ok());
  CHECK(stage.wait("c1", "e1").value().exit_status() == 137);
  CHECK(stage.remove("c1", "e1").ok());
  CHECK(stage.state("c1").value().status() == task::RUNNING);
}

TEST_CASE("a container that the guest does not end takes its VM along") {
  Stage stage(kShort);
  stage.run("p1", "p1");
  stage.run("c1", "p1");
  stage.guest.deaf = true;
  CHECK(stage.kill("c1", SIGKILL).ok());
  CHECK(stage.wait("c1").value().exit_status() == 137);
  CHECK(stage.wait("p1").value().exit_status() == 137);
  CHECK(stage.remove("c1").ok());
  CHECK(stage.remove("p1").ok());
}

TEST_CASE("a container that the guest refuses to remove is removed on the host") {
  Stage stage;
  stage.run("p1", "p1");
  stage.run("c1", "p1");
  stage.guest.failing = "RemoveContainer";
  CHECK(stage.kill("c1", SIGKILL).ok());
  CHECK(stage.wait("c1").ok());
  CHECK(stage.remove("c1").ok());
  CHECK(stage.state("p1").value().status() == task::RUNNING);
  stage.guest.failing.clear();
  stage.run("c1", "p1");
}

TEST_CASE("a container whose removal the guest does not answer is removed on the host") {
  Stage stage(kShort);
  stage.run("p1", "p1");
  stage.run("c1", "p1");
  stage.guest.silent = {"RemoveContainer"};
  CHECK(stage.kill("c1", SIGKILL).ok());
  CHECK(stage.wait("c1").ok());
  CHECK(stage.remove("c1").ok());
  CHECK(stage.guest.payloads.contains("RemoveContainer"));
  CHECK(stage.state("p1").value().status() == task::RUNNING);
  CHECK_FALSE(stage.state("c1").ok());
  stage.guest.silent.clear();
  stage.run("c1", "p1");
}
