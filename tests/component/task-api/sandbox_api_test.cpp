// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <limits>

#include "containerd/sandbox_api.pb.h"
#include "protocol/ttrpc/status.h"
#include "tests/component/task-api/stage.h"

using namespace kata;
using namespace kata::test;
namespace api = containerd::sandbox_api;

namespace {

constexpr std::int32_t kInvalidArgument = 3, kNotFound = 5, kAlreadyExists = 6,
                       kFailedPrecondition = 9, kUnimplemented = 12;
constexpr const char* kService = "containerd.runtime.sandbox.v1.Sandbox";

std::int32_t code_of(const auto& result) {
  return result.ok() ? 0 : ttrpc::status_code(result.error());
}

// The Sandbox API of a stage, for sandbox "p1" unless another is named.
struct Sandboxes {
  explicit Sandboxes(Stage& on) : stage(on) {}

  template <class Request>
  static Request named(const std::string& id) {
    Request request;
    request.set_sandbox_id(id);
    return request;
  }
  template <class Response, class Request = api::SandboxRequest>
  Result<Response> ask(const char* method, const std::string& id = "p1") {
    return stage.call<Response>(method, named<Request>(id), kService);
  }
  Result<containerd::Empty> create(const std::string& id = "p1") {
    const auto bundle = stage.directory.path() / ("bundle-" + id);
    std::filesystem::create_directories(bundle);
    auto request = named<api::CreateSandboxRequest>(id);
    request.set_bundle_path(bundle);
    (*request.mutable_annotations())["example"] = "x";
    return stage.call<containerd::Empty>("CreateSandbox", request, kService);
  }
  Result<api::StartSandboxResponse> start() {
    return ask<api::StartSandboxResponse>("StartSandbox");
  }
  static api::StopSandboxRequest stop_request(std::uint32_t seconds) {
    auto request = named<api::StopSandboxRequest>("p1");
    request.set_timeout_secs(seconds);
    return request;
  }
  Result<containerd::Empty> stop(std::uint32_t seconds = 0) {
    return stage.call<containerd::Empty>("StopSandbox", stop_request(seconds), kService);
  }
  Result<containerd::Empty> ping() { return ask<containerd::Empty>("PingSandbox"); }
  Result<api::WaitSandboxResponse> wait() { return ask<api::WaitSandboxResponse>("WaitSandbox"); }
  Result<containerd::Empty> shut_down() { return ask<containerd::Empty>("ShutdownSandbox"); }
  api::SandboxStatusResponse status() {
    auto request = named<api::SandboxStatusRequest>("p1");
    request.set_verbose(true);
    auto reply = stage.call<api::SandboxStatusResponse>("SandboxStatus", request, kService);
    REQUIRE_MESSAGE(reply.ok(), reply.error().message);
    return reply.take();
  }
  // "ready SANDBOX_READY": the shim's word and the CRI's.
  std::string state() {
    const auto told = status();
    return concat(told.info().at("state"), ' ', told.state());
  }
  void bring_up() {
    const auto made = create();
    REQUIRE_MESSAGE(made.ok(), made.error().message);
    const auto started = start();
    REQUIRE_MESSAGE(started.ok(), started.error().message);
  }

  Stage& stage;
};

}  // namespace

TEST_CASE("a sandbox lives without a container from Create to Shutdown and leaves nothing") {
  Stage stage;
  Sandboxes sandboxes(stage);
  REQUIRE(sandboxes.create().ok());
  CHECK(sandboxes.state() == "created SANDBOX_NOTREADY");
  CHECK(sandboxes.status().pid() == 0);
  const auto started = sandboxes.start();
  REQUIRE_MESSAGE(started.ok(), started.error().message);
  CHECK(started.value().pid() != 0);
  CHECK(started.value().created_at().seconds() > 1'600'000'000);
  CHECK(sandboxes.state() == "ready SANDBOX_READY");
  CHECK(sandboxes.status().pid() == started.value().pid());
  CHECK(sandboxes.ping().ok());
  const auto platform = sandboxes.ask<api::PlatformResponse>("Platform");
  CHECK(platform.value().platform().os() == "linux");
  CHECK(sandboxes.stop().ok());
  CHECK(sandboxes.wait().value().exit_status() == 0);
  CHECK(sandboxes.wait().value().exited_at().seconds() > 1'600'000'000);
  CHECK(sandboxes.state() == "stopped SANDBOX_NOTREADY");
  CHECK(stage.store.container_ids().value().empty());
  CHECK_FALSE(stage.ends_soon());
  CHECK(sandboxes.shut_down().ok());
  CHECK(stage.ends_soon());
  CHECK(stage.events().empty());
}

TEST_CASE("containers join the sandbox and none takes it along") {
  Stage stage;
  Sandboxes sandboxes(stage);
  sandboxes.bring_up();
  stage.run("c1", "p1");  // as the CRI plugin annotates it
  stage.run("c2");        // as `ctr run --sandbox` leaves it
  CHECK(stage.state("c2").value().pid() == sandboxes.status().pid());
  stage.guest.processes["c1"].code = 3;
  CHECK(stage.wait("c1").value().exit_status() == 3);
  CHECK(stage.remove("c1").ok());
  CHECK(stage.kill("c2", SIGKILL).ok());
  CHECK(stage.wait("c2").value().exit_status() == 137);
  CHECK(stage.remove("c2").ok());
  CHECK_FALSE(stage.dismissed());
  CHECK(sandboxes.ping().ok());
  CHECK(stage.events() == "create start create start exit delete exit delete");
  CHECK(sandboxes.shut_down().ok());
  CHECK(stage.store.container_ids().value().empty());
}

TEST_CASE("what is done already succeeds again and what cannot be done is refused by its code") {
  Stage stage;
  Sandboxes sandboxes(stage);
  CHECK(code_of(sandboxes.start()) == kNotFound);
  CHECK(code_of(sandboxes.stop()) == kNotFound);
  CHECK(code_of(sandboxes.ping()) == kNotFound);
  CHECK(code_of(sandboxes.create("../p1")) == kInvalidArgument);
  REQUIRE(sandboxes.create().ok());
  CHECK(code_of(sandboxes.create()) == kAlreadyExists);
  CHECK(code_of(sandboxes.create("p2")) == kFailedPrecondition);
  CHECK(code_of(sandboxes.ping()) == kFailedPrecondition);
  CHECK(code_of(sandboxes.ask<api::SandboxMetricsResponse>("SandboxMetrics")) ==
        kFailedPrecondition);
  CHECK(code_of(stage.call<task::CreateTaskResponse>("Create", stage.create_request("c1", "p1"))) ==
        kFailedPrecondition);
  const auto first = sandboxes.start(), again = sandboxes.start();
  REQUIRE(first.ok());
  REQUIRE(again.ok());
  CHECK(first.value().SerializeAsString() == again.value().SerializeAsString());
  CHECK(code_of(stage.call<task::CreateTaskResponse>("Create", stage.create_request("p1"))) ==
        kAlreadyExists);
  CHECK(code_of(stage.call<task::CreateTaskResponse>("Create", stage.create_request("c1", "p9"))) ==
        kFailedPrecondition);
  CHECK(sandboxes.ping().ok());
  CHECK(code_of(sandboxes.ask<containerd::Empty>("UpdateSandbox")) == kUnimplemented);
  CHECK(sandboxes.stop().ok());
  CHECK(sandboxes.stop().ok());
  CHECK(code_of(sandboxes.start()) == kFailedPrecondition);
  CHECK(code_of(sandboxes.ping()) == kFailedPrecondition);
  CHECK(sandboxes.shut_down().ok());
}

TEST_CASE("a sandbox whose VM dies tells who waits and takes its containers along") {
  Stage stage;
  Sandboxes sandboxes(stage);
  sandboxes.bring_up();
  stage.run("c1", "p1");
  stage.hypervisor->die("killed by the test");
  CHECK(sandboxes.wait().value().exit_status() == 255);
  CHECK(sandboxes.status().info().at("failure").find("killed by the test") != std::string::npos);
  CHECK(stage.wait("c1").value().exit_status() == 255);
  CHECK(stage.remove("c1").ok());
  CHECK(sandboxes.shut_down().ok());
  CHECK(stage.ends_soon());
  CHECK(stage.store.container_ids().value().empty());
}

TEST_CASE("a sandbox that cannot start leaves nothing and says why from then on") {
  Stage stage;
  Sandboxes sandboxes(stage);
  stage.guest.failing = "CreateSandbox";
  REQUIRE(sandboxes.create().ok());
  const auto started = sandboxes.start();
  REQUIRE_FALSE(started.ok());
  CHECK(started.error().message.find("planted failure") != std::string::npos);
  CHECK(stage.store.container_ids().value().empty());
  const auto again = sandboxes.start();
  CHECK(code_of(again) == kFailedPrecondition);
  CHECK(again.error().message.find("planted failure") != std::string::npos);
  CHECK(sandboxes.wait().value().exit_status() == 255);
  CHECK(sandboxes.shut_down().ok());
  CHECK(stage.ends_soon());
}

TEST_CASE("Stop ends a bring-up that is under way") {
  Stage stage;
  Sandboxes sandboxes(stage);
  stage.guest.silent = {"CreateSandbox"};
  REQUIRE(sandboxes.create().ok());
  std::optional<Result<api::StartSandboxResponse>> started;
  const auto request = Sandboxes::named<api::SandboxRequest>("p1");
  auto call =
      ttrpc::call<api::StartSandboxResponse>(stage.client, kService, "StartSandbox", request);
  boost::asio::co_spawn(stage.loop, shim_v2::keep(std::move(call), started), boost::asio::detached);
  CHECK(stage.soon([&] { return stage.guest.payloads.contains("CreateSandbox"); }));
  CHECK(sandboxes.state() == "starting SANDBOX_NOTREADY");
  stage.guest.silent.clear();
  CHECK(sandboxes.stop().ok());
  CHECK(stage.soon([&] { return started.has_value(); }));
  CHECK(sandboxes.state() == "stopped SANDBOX_NOTREADY");
  CHECK(stage.store.container_ids().value().empty());
  CHECK(sandboxes.shut_down().ok());
}

TEST_CASE("Stop lets containers end in the time that it is given") {
  struct Row {
    std::uint32_t seconds;
    bool deaf;  // to signals
    std::uint32_t exit_status;
  };
  for (const Row& row : {Row{600, false, 128 + SIGTERM}, Row{1, true, 137}, Row{0, false, 137}}) {
    CAPTURE(row.seconds);
    Stage stage;
    Sandboxes sandboxes(stage);
    sandboxes.bring_up();
    stage.run("c1", "p1");
    stage.guest.deaf = row.deaf;
    const auto began = std::chrono::steady_clock::now();
    CHECK(sandboxes.stop(row.seconds).ok());
    if (row.deaf) CHECK(std::chrono::steady_clock::now() - began >= std::chrono::seconds(1));
    CHECK(stage.guest.payloads.contains("SignalProcess") == (row.seconds > 0));
    CHECK(stage.wait("c1").value().exit_status() == row.exit_status);
    CHECK(sandboxes.wait().value().exit_status() == 0);
    CHECK(sandboxes.shut_down().ok());
  }
}

TEST_CASE("Stop without a time ends another that waits for containers") {
  Stage stage;
  Sandboxes sandboxes(stage);
  sandboxes.bring_up();
  stage.run("c1", "p1");
  stage.guest.deaf = true;
  std::optional<Result<containerd::Empty>> stopped;
  const auto request = Sandboxes::stop_request(std::numeric_limits<std::uint32_t>::max());
  auto call = ttrpc::call<containerd::Empty>(stage.client, kService, "StopSandbox", request);
  boost::asio::co_spawn(stage.loop, shim_v2::keep(std::move(call), stopped), boost::asio::detached);
  CHECK(stage.soon([&] { return stage.guest.payloads.contains("SignalProcess"); }));
  CHECK_FALSE(stopped.has_value());
  CHECK(sandboxes.state() == "ready SANDBOX_READY");
  CHECK(sandboxes.stop().ok());
  CHECK(stage.soon([&] { return stopped.has_value(); }));
  CHECK(stopped->ok());
  CHECK(sandboxes.shut_down().ok());
}

TEST_CASE("Shutdown takes running containers along") {
  Stage stage;
  Sandboxes sandboxes(stage);
  sandboxes.bring_up();
  stage.run("c1", "p1");
  CHECK(sandboxes.shut_down().ok());
  CHECK(stage.ends_soon());
  CHECK(stage.tasks.empty());
  CHECK(stage.store.container_ids().value().empty());
  CHECK(stage.events() == "create start exit");
}

TEST_CASE("Shutdown before Create or after it ends the shim") {
  for (const bool created : {false, true}) {
    Stage stage;
    Sandboxes sandboxes(stage);
    if (created) REQUIRE(sandboxes.create().ok());
    CHECK(sandboxes.shut_down().ok());
    CHECK(stage.ends_soon());
    CHECK(stage.store.container_ids().value().empty());
  }
}

TEST_CASE("a shim that a container has made a pod of makes no sandbox beside it") {
  Stage stage;
  Sandboxes sandboxes(stage);
  stage.run("c1");
  CHECK(code_of(sandboxes.create()) == kFailedPrecondition);
  CHECK(code_of(sandboxes.shut_down()) == kNotFound);
  CHECK(stage.state("c1").value().status() == task::RUNNING);
}

TEST_CASE("a container with a broken bundle is forgotten") {
  Stage stage;
  auto request = stage.create_request("c1");
  std::ofstream(stage.directory.path() / "c1/config.json") << "{";
  CHECK(code_of(stage.call<task::CreateTaskResponse>("Create", request)) == kInvalidArgument);
  CHECK(code_of(stage.state("c1")) == kNotFound);
  CHECK(stage.dismissed());
}
