// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/unit/sandbox/stage.h"

namespace kata::sandbox {

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const Calls kTearDown{"hypervisor.stop_vm", "filesystem.stop", "network.detach"};

Result<void> shut_down(Stage& stage, int milliseconds) {
  return await(stage.loop, stage.sandbox->shutdown(std::chrono::milliseconds(milliseconds)));
}

Result<std::string> ask(Stage& stage, const char* method) {
  return await(stage.loop, stage.sandbox->forward("grpc.AgentService", method, "",
                                                  std::chrono::nanoseconds{0}));
}

}  // namespace

TEST_CASE("shutdown ends the guest and then undoes the bring-up backwards") {
  Stage stage;
  REQUIRE(stage.start().ok());
  stage.log.take();
  REQUIRE(shut_down(stage, 5000).ok());
  CHECK(stage.log.take() ==
        Calls{"agent.DestroySandbox", "hypervisor.stop_vm", "filesystem.stop", "network.detach"});
  CHECK(stage.stopped());
  CHECK(stage.sandbox->failure().empty());
  CHECK(stage.record().failure.empty());
}

TEST_CASE("shutdown without patience does not ask the guest") {
  Stage stage;
  REQUIRE(stage.start().ok());
  stage.log.take();
  REQUIRE(shut_down(stage, 0).ok());
  CHECK(stage.log.take() == kTearDown);
}

TEST_CASE("a guest that does not power off is stopped at the deadline") {
  Stage stage;
  REQUIRE(stage.start().ok());
  stage.agent.on_destroy = nullptr;
  stage.log.take();
  const auto before = std::chrono::steady_clock::now();
  REQUIRE(shut_down(stage, 200).ok());
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(5));
  CHECK(stage.log.take() ==
        Calls{"agent.DestroySandbox", "hypervisor.stop_vm", "filesystem.stop", "network.detach"});
}

TEST_CASE("a tear-down step that fails does not stop the others") {
  Stage stage;
  REQUIRE(stage.start().ok());
  stage.log.take();
  stage.log.fail("filesystem.stop");
  const auto outcome = shut_down(stage, 0);
  REQUIRE_FALSE(outcome.ok());
  CHECK(contains(outcome.error().message, "stop shared filesystem: planted failure"));
  CHECK(stage.log.take() == kTearDown);
  stage.log.fail("");
}

TEST_CASE("a second shutdown gets the outcome of the first") {
  Stage stage;
  REQUIRE(stage.start().ok());
  stage.log.take();
  REQUIRE(shut_down(stage, 0).ok());
  REQUIRE(shut_down(stage, 5000).ok());
  CHECK(stage.log.take() == kTearDown);
}

TEST_CASE("when the VM dies the reason is recorded and everything is taken down") {
  Stage stage;
  REQUIRE(stage.start().ok());
  stage.log.take();
  stage.hypervisor->die("killed by signal 9");
  REQUIRE(stage.stopped());
  CHECK(contains(stage.sandbox->failure(), "the VM ended: killed by signal 9"));
  CHECK(contains(stage.record().failure, "killed by signal 9"));
  CHECK(stage.log.take() == kTearDown);
}

TEST_CASE("when the file server dies the VM is stopped") {
  Stage stage;
  REQUIRE(stage.start().ok());
  stage.log.take();
  stage.filesystem->die("killed by signal 9");
  REQUIRE(stage.stopped());
  CHECK(contains(stage.record().failure, "the server of the shared filesystem ended"));
  CHECK(stage.log.take() == kTearDown);
}

TEST_CASE("when VM and file server die together the VM's reason is told") {
  Stage stage;
  REQUIRE(stage.start().ok());
  stage.filesystem->die("its peer has gone");
  stage.hypervisor->die("out of memory");
  REQUIRE(stage.stopped());
  CHECK(contains(stage.sandbox->failure(), "out of memory"));
}

TEST_CASE("when the agent hangs up the sandbox ends and says so") {
  Stage stage;
  REQUIRE(stage.start().ok());
  stage.agent.hang_up();
  REQUIRE(stage.stopped());
  CHECK(contains(stage.sandbox->failure(), "the connection to the guest's agent is lost"));
}

TEST_CASE("a guest that hangs is taken down after three health checks") {
  Stage stage;
  HealthLimits limits;
  limits.period = std::chrono::milliseconds(1);
  limits.answer = std::chrono::milliseconds(20);
  stage.sandbox->set_health_limits(limits);
  REQUIRE(stage.start().ok());
  stage.agent.delay = std::chrono::minutes(1);
  CHECK(stage.stopped());
  CHECK(stage.record().failure.find("the guest's agent failed 3 health checks in a row") == 0);
}

TEST_CASE("a call that waits when the VM dies hears the reason") {
  Stage stage;
  REQUIRE(stage.start().ok());
  auto call = [](Stage& on) -> boost::asio::awaitable<Result<std::string>> {
    auto die = [](Stage& inner) -> boost::asio::awaitable<void> {
      co_await sleep_until(std::chrono::steady_clock::now() + std::chrono::milliseconds(20));
      inner.hypervisor->die("killed by signal 9");
    };
    boost::asio::co_spawn(on.loop, die(on), boost::asio::detached);
    co_return co_await on.sandbox->forward("grpc.AgentService", "WaitProcess", "",
                                           std::chrono::nanoseconds{0});
  };
  const auto reply = await(stage.loop, call(stage));
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.error().code == ErrorCode::kUnavailable);
  CHECK(contains(reply.error().message, "killed by signal 9"));
}

TEST_CASE("calls after the end are refused at once with the reason") {
  Stage stage;
  REQUIRE(stage.start().ok());
  stage.hypervisor->die("killed by signal 9");
  REQUIRE(stage.stopped());
  const auto reply = ask(stage, "StartContainer");
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.error().code == ErrorCode::kUnavailable);
  CHECK(contains(reply.error().message, "killed by signal 9"));
  const auto status = stage.sandbox->status();
  CHECK_FALSE(status.running);
  CHECK(contains(status.failure, "killed by signal 9"));
}

TEST_CASE("an error of the agent is passed on as it is") {
  Stage stage;
  REQUIRE(stage.start().ok());
  stage.log.fail("agent.StartContainer");
  const auto reply = ask(stage, "StartContainer");
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.error().code == ErrorCode::kResourceExhausted);
  CHECK(stage.sandbox->status().running);
}

}  // namespace kata::sandbox
