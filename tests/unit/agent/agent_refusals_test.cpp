// SPDX-License-Identifier: Apache-2.0
//
// What the agent refuses, with the codes that Kata's hosts look for.
#include "agent_process.h"

using namespace kata;

namespace {

template <class Request>
Request with_id(const std::string& id) {
  Request request;
  request.set_container_id(id);
  return request;
}

}  // namespace

TEST_CASE("a second sandbox is refused") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  const auto second = connection.send("CreateSandbox", grpc::CreateSandboxRequest());
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().code == ErrorCode::kFailedPrecondition);
}

TEST_CASE("unknown containers give each method its code") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  const auto code = [&](std::string_view method, const auto& request) {
    const auto sent = connection.send(method, request);
    REQUIRE_FALSE(sent.ok());
    CHECK(sent.error().message.find("nvalid container id") != std::string::npos);
    return sent.error().code;
  };
  CHECK(code("SignalProcess", [] {
          auto request = with_id<grpc::SignalProcessRequest>("none");
          request.set_signal(15);
          return request;
        }()) == ErrorCode::kInvalidArgument);
  CHECK(code("WaitProcess", with_id<grpc::WaitProcessRequest>("none")) ==
        ErrorCode::kInvalidArgument);
  CHECK(code("ReadStdout", with_id<grpc::ReadStreamRequest>("none")) ==
        ErrorCode::kInvalidArgument);
  CHECK(code("ReadStderr", with_id<grpc::ReadStreamRequest>("none")) ==
        ErrorCode::kInvalidArgument);
  CHECK(code("CloseStdin", with_id<grpc::CloseStdinRequest>("none")) ==
        ErrorCode::kInvalidArgument);
  CHECK(code("TtyWinResize", with_id<grpc::TtyWinResizeRequest>("none")) ==
        ErrorCode::kInvalidArgument);
  CHECK(code("WriteStdin", with_id<grpc::WriteStreamRequest>("none")) == ErrorCode::kInternal);
  CHECK(code("StartContainer", with_id<grpc::StartContainerRequest>("none")) ==
        ErrorCode::kInternal);
  CHECK(code("RemoveContainer", with_id<grpc::RemoveContainerRequest>("none")) ==
        ErrorCode::kInternal);
  CHECK(code("ExecProcess", exec_request("none", "e1", {"true"})) == ErrorCode::kInternal);
}

TEST_CASE("a container id is used once and must be a safe name") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  REQUIRE(connection.send("CreateContainer", agent.container("c1", {"true"})).ok());
  const auto twice = connection.send("CreateContainer", agent.container("c1", {"true"}));
  CHECK(twice.error().code == ErrorCode::kAlreadyExists);
  for (const char* id : {"", ".", "..", "../c1", "a/b", "a b"}) {
    CAPTURE(id);
    const auto refused = connection.send("CreateContainer", agent.container(id, {"true"}));
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == ErrorCode::kInvalidArgument);
  }
  remove_container(connection, "c1");
  agent.run(connection, agent.container("_", {"true"}));  // as runc
  CHECK(wait_for(connection, "_") == 0);
  remove_container(connection, "_");
}

TEST_CASE("a failed creation leaves nothing and its id is free") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  auto bad = agent.container("c1", {"true"});
  bad.mutable_oci()->mutable_root()->set_path(agent.rootfs() / "missing");
  CHECK_FALSE(connection.send("CreateContainer", bad).ok());
  auto empty = agent.container("c1", {});
  CHECK_FALSE(connection.send("CreateContainer", empty).ok());
  auto no_spec = with_id<grpc::CreateContainerRequest>("c1");
  CHECK(connection.send("CreateContainer", no_spec).error().code == ErrorCode::kInvalidArgument);
  CHECK(std::filesystem::is_empty(agent.run_dir()));
  agent.run(connection, agent.container("c1", {"true"}));
  CHECK(wait_for(connection, "c1") == 0);
  remove_container(connection, "c1");
}

TEST_CASE("an exec needs a process and a fresh id and a running container") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  agent.run(connection, agent.container("c1", {"cat"}));
  grpc::ExecProcessRequest none;
  none.set_container_id("c1");
  none.set_exec_id("e1");
  CHECK(connection.send("ExecProcess", none).error().code == ErrorCode::kInvalidArgument);
  REQUIRE(connection.send("ExecProcess", exec_request("c1", "e1", {"cat"})).ok());
  const auto taken = connection.send("ExecProcess", exec_request("c1", "e1", {"cat"}));
  REQUIRE_FALSE(taken.ok());
  CHECK(taken.error().message.find("exec_id 'e1' already exists") != std::string::npos);
  write_all(connection, "c1", "", "");
  CHECK(wait_for(connection, "c1") == 0);
  const auto late = connection.send("ExecProcess", exec_request("c1", "e2", {"true"}));
  REQUIRE_FALSE(late.ok());
  CHECK(late.error().code == ErrorCode::kFailedPrecondition);
  remove_container(connection, "c1");
}

TEST_CASE("a program that does not exist is an error of exec or its exit code") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  agent.run(connection, agent.container("c1", {"cat"}));
  CHECK_FALSE(connection.send("ExecProcess", exec_request("c1", "e1", {"/bin/none"})).ok());
  remove_container(connection, "c1");
}

TEST_CASE("resizing what is no terminal is unavailable") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  agent.run(connection, agent.container("c1", {"cat"}));
  const auto resized = connection.send("TtyWinResize", with_id<grpc::TtyWinResizeRequest>("c1"));
  REQUIRE_FALSE(resized.ok());
  CHECK(resized.error().code == ErrorCode::kUnavailable);
  CHECK(resized.error().message.find("no tty") != std::string::npos);
  remove_container(connection, "c1");
}

TEST_CASE("health and version and details say what hosts expect") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  const auto check = ttrpc::call<grpc::HealthCheckResponse>(
      connection.raw(), "grpc.Health", "Check", grpc::CheckRequest(), in_seconds(5));
  CHECK(check.value().status() == grpc::HealthCheckResponse::SERVING);
  const auto version = ttrpc::call<grpc::VersionCheckResponse>(
      connection.raw(), "grpc.Health", "Version", grpc::CheckRequest(), in_seconds(5));
  CHECK(version.value().grpc_version() == "0.0.1");
  CHECK(version.value().agent_version() == "4.1.0");
  grpc::GuestDetailsRequest request;
  request.set_mem_block_size(true);
  const auto details = connection.call<grpc::GuestDetailsResponse>("GetGuestDetails", request);
  REQUIRE(details.ok());
  CHECK(details.value().agent_details().version() == "4.1.0");
  CHECK_FALSE(details.value().agent_details().init_daemon());
  CHECK(details.value().agent_details().supports_seccomp());
}

TEST_CASE("a method that is not built is unimplemented by name") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  for (const char* method : {"NoSuchMethod", "pauseContainer", "grpc.AgentService/Check"}) {
    CAPTURE(method);
    const auto called = connection.send(method, grpc::PauseContainerRequest());
    REQUIRE_FALSE(called.ok());
    CHECK(called.error().code == ErrorCode::kUnsupported);
    CHECK(called.error().message.find(method) != std::string::npos);
  }
}

TEST_CASE("a request that is no message is refused") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  for (const char* method : {"CreateContainer", "WaitProcess", "CreateSandbox"}) {
    const auto called =
        connection.raw().call("grpc.AgentService", method, "\xff\xff\xff\xff", in_seconds(5));
    REQUIRE_FALSE(called.ok());
    CHECK(called.error().code == ErrorCode::kInvalidArgument);
  }
}
