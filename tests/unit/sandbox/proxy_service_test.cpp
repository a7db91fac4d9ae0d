// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "programs/kata-proxy/service.h"
#include "protocol/ttrpc/client.h"
#include "sandbox.pb.h"
#include "tests/unit/sandbox/stage.h"

namespace kata::sandbox {

namespace {

struct ServedStage : Stage {
  explicit ServedStage(bool network_can_change = false) {
    if (network_can_change) network->can_change();
    REQUIRE(start().ok());
    service.emplace(loop.get_executor(), listen_unix(proxy_socket).take(), *sandbox);
    boost::asio::co_spawn(loop, service->accept_clients(), boost::asio::detached);
  }

  ttrpc::Client connect() {
    return ttrpc::Client(loop.get_executor(), connect_unix(proxy_socket).take());
  }

  template <class Response, class Request>
  Result<Response> ask(ttrpc::Client& client, const char* method, const Request& request) {
    return await(loop, ttrpc::call<Response>(client, "kata.sandbox.Sandbox", method, request));
  }

  void create(const std::string& id) {
    auto client = connect();
    CreateContainerRequest request;
    request.set_container_id(id);
    request.set_bundle(directory.path().native());
    request.set_rootfs(directory.path().native());
    REQUIRE(ask<CreateContainerResponse>(client, "CreateContainer", request).ok());
  }

  bool network_is_complete(ttrpc::Client& client, int timeout_ms) {
    AwaitNetworkRequest request;
    request.set_timeout_ms(timeout_ms);
    const auto reply = ask<AwaitNetworkResponse>(client, "AwaitNetwork", request);
    REQUIRE(reply.ok());
    return reply.value().complete();
  }

  Result<WaitOomResponse> wait_for_oom(ttrpc::Client& client, const std::string& id,
                                       std::optional<std::uint64_t> seen, int timeout_ms) {
    WaitOomRequest request;
    request.set_container_id(id);
    if (seen) request.set_seen(*seen);
    request.set_timeout_ms(timeout_ms);
    return ask<WaitOomResponse>(client, "WaitOom", request);
  }

  std::filesystem::path proxy_socket = directory.path() / "proxy.sock";
  std::optional<proxy::Service> service{};
};

}  // namespace

TEST_CASE("the network is complete when the guest has taken the last change of the links") {
  ServedStage stage(true);
  auto client = stage.connect();
  stage.agent.naps_in = "UpdateRoutes";
  NetworkChange change;
  change.routes.emplace();
  stage.network->change(std::move(change));
  CHECK_FALSE(stage.network_is_complete(client, 200));
  auto wake = client.call("grpc.Health", "Check", std::string());
  REQUIRE(await(stage.loop, std::move(wake)).ok());
  CHECK(stage.network_is_complete(client, 20'000));
  CHECK(stage.agent.payloads.count("UpdateRoutes") == 1);
}

TEST_CASE("a network that never changes is complete") {
  ServedStage stage;
  auto client = stage.connect();
  CHECK(stage.network_is_complete(client, 20'000));
}

TEST_CASE("the proxy answers status and containers for its clients") {
  ServedStage stage;
  auto client = stage.connect();
  CreateContainerRequest request;
  request.set_container_id("c1");
  request.set_bundle(stage.directory.path().native());
  request.set_rootfs(stage.directory.path().native());
  const auto created = stage.ask<CreateContainerResponse>(client, "CreateContainer", request);
  REQUIRE_MESSAGE(created.ok(), created.error().message);
  const auto status = stage.ask<StatusResponse>(client, "Status", StatusRequest());
  REQUIRE(status.ok());
  CHECK(status.value().running());
  REQUIRE(status.value().containers_size() == 1);
  CHECK(status.value().containers(0) == "c1");
  RemoveContainerRequest removal;
  removal.set_container_id("c1");
  CHECK(stage.ask<RemoveContainerResponse>(client, "RemoveContainer", removal).ok());
}

TEST_CASE("the proxy refuses ids and paths that nobody honest sends") {
  ServedStage stage;
  auto client = stage.connect();
  for (const char* id : {"", "..", "a/b", "c1"}) {
    CAPTURE(id);
    CreateContainerRequest request;
    request.set_container_id(id);
    request.set_bundle("relative");
    request.set_rootfs("/");
    const auto refused = stage.ask<CreateContainerResponse>(client, "CreateContainer", request);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == ErrorCode::kInvalidArgument);
  }
}

TEST_CASE("calls of other services are the agent's") {
  ServedStage stage;
  auto client = stage.connect();
  const auto reply = await(stage.loop, client.call("grpc.AgentService", "StartContainer", "bytes"));
  REQUIRE_MESSAGE(reply.ok(), reply.error().message);
  CHECK(stage.agent.payloads["StartContainer"] == "bytes");
}

TEST_CASE("a call that waits does not delay another client's") {
  ServedStage stage;
  auto waiting = stage.connect();
  auto quick = stage.connect();
  boost::asio::co_spawn(
      stage.loop,
      [](ttrpc::Client& client) -> boost::asio::awaitable<void> {
        static_cast<void>(co_await client.call("grpc.AgentService", "WaitProcess", ""));
      }(waiting),
      boost::asio::detached);
  CHECK(stage.ask<StatusResponse>(quick, "Status", StatusRequest()).ok());
  CHECK(await(stage.loop, quick.call("grpc.AgentService", "StartContainer", "")).ok());
}

TEST_CASE("a container whose creator goes away in the middle is finished all the same") {
  ServedStage stage;
  stage.agent.delay = std::chrono::milliseconds(200);
  auto impatient = stage.connect();
  CreateContainerRequest request;
  request.set_container_id("c1");
  request.set_bundle(stage.directory.path().native());
  request.set_rootfs(stage.directory.path().native());
  const ttrpc::CallOptions options{std::chrono::milliseconds(50)};
  const auto given_up =
      await(stage.loop, ttrpc::call<CreateContainerResponse>(impatient, "kata.sandbox.Sandbox",
                                                             "CreateContainer", request, options));
  REQUIRE_FALSE(given_up.ok());
  impatient.close();
  stage.agent.delay = std::chrono::milliseconds(0);
  auto client = stage.connect();
  RemoveContainerRequest removal;
  removal.set_container_id("c1");
  const Deadline deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  bool removed = false;
  while (!removed && std::chrono::steady_clock::now() < deadline)
    removed = stage.ask<RemoveContainerResponse>(client, "RemoveContainer", removal).ok();
  CHECK(removed);
  CHECK(stage.filesystem->shares.empty());
}

TEST_CASE("an OOM kill is told to all who wait for it and to no other container's") {
  ServedStage stage;
  stage.create("c1");
  stage.create("c2");
  auto client = stage.connect();
  CHECK(stage.wait_for_oom(client, "c1", std::nullopt, 0).value().count() == 0);
  stage.agent.oom_events = {"c1", "nobody", "c1"};
  CHECK(stage.wait_for_oom(client, "c1", 0, 5000).value().count() >= 1);
  CHECK(stage.wait_for_oom(client, "c1", 1, 5000).value().count() == 2);
  auto late = stage.connect();
  CHECK(stage.wait_for_oom(late, "c1", std::nullopt, 0).value().count() == 2);
  CHECK(stage.wait_for_oom(late, "c2", 0, 50).value().count() == 0);
  const auto unknown = stage.wait_for_oom(client, "nobody", 0, 50);
  REQUIRE_FALSE(unknown.ok());
  CHECK(unknown.error().code == ErrorCode::kNotFound);
}

TEST_CASE("an agent that tells no OOM kills is reported and the wait ends at its time") {
  ServedStage stage;
  stage.create("c1");
  stage.agent.tells_oom = false;
  auto client = stage.connect();
  CHECK(stage.wait_for_oom(client, "c1", std::nullopt, 0).ok());
  const auto waited = stage.wait_for_oom(client, "c1", 0, 50);
  REQUIRE(waited.ok());
  CHECK(waited.value().count() == 0);
  CHECK(waited.value().failure().find("GetOOMEvent") == 0);
}

TEST_CASE("shutdown over the socket takes the sandbox down and is answered") {
  ServedStage stage;
  auto client = stage.connect();
  ShutdownRequest request;
  request.set_timeout_ms(5000);
  const auto reply = stage.ask<ShutdownResponse>(client, "Shutdown", request);
  REQUIRE_MESSAGE(reply.ok(), reply.error().message);
  CHECK(stage.stopped());
  const auto status = stage.ask<StatusResponse>(client, "Status", StatusRequest());
  REQUIRE(status.ok());
  CHECK_FALSE(status.value().running());
}

}  // namespace kata::sandbox
