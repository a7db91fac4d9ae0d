// SPDX-License-Identifier: Apache-2.0
//
// Pausing, limiting and measuring containers, and lack of memory, through the agent's service.
#include <future>
#include <thread>

#include "agent_process.h"
#include "pending_call.h"

using namespace kata;

namespace {

template <class Request>
Request with_id(const std::string& id) {
  Request request;
  request.set_container_id(id);
  return request;
}

Result<void> pause(AgentConnection& agent, const std::string& id) {
  return agent.send("PauseContainer", with_id<grpc::PauseContainerRequest>(id));
}

Result<void> resume(AgentConnection& agent, const std::string& id) {
  return agent.send("ResumeContainer", with_id<grpc::ResumeContainerRequest>(id));
}

grpc::StatsContainerResponse stats_of(AgentConnection& agent, const std::string& id) {
  auto reply = agent.call<grpc::StatsContainerResponse>("StatsContainer",
                                                        with_id<grpc::StatsContainerRequest>(id));
  REQUIRE_MESSAGE(reply.ok(), reply.error().message);
  return reply.take();
}

std::string read_some(AgentConnection& agent, const std::string& id) {
  auto request = with_id<grpc::ReadStreamRequest>(id);
  request.set_len(65536);
  const auto reply = agent.call<grpc::ReadStreamResponse>("ReadStdout", request);
  REQUIRE_MESSAGE(reply.ok(), reply.error().message);
  return reply.value().data();
}

std::uint64_t cpu_time(AgentConnection& agent, const std::string& id) {
  return stats_of(agent, id).cgroup_stats().cpu_stats().cpu_usage().total_usage();
}

constexpr std::int64_t kMemory = 24 << 20;

}  // namespace

TEST_CASE("a paused container uses no processor until it is resumed") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  agent.run(connection, agent.container("c1", {"sh", "-c", "echo up; while :; do :; done"}));
  CHECK(read_some(connection, "c1") == "up\n");
  REQUIRE(pause(connection, "c1").ok());
  const std::uint64_t paused = cpu_time(connection, "c1");
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  CHECK(cpu_time(connection, "c1") == paused);
  REQUIRE(resume(connection, "c1").ok());
  const Deadline deadline = in_seconds(10);
  while (cpu_time(connection, "c1") == paused && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  CHECK(cpu_time(connection, "c1") > paused);
  remove_container(connection, "c1");
}

TEST_CASE("pausing twice and resuming what runs are refused and change nothing") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  agent.run(connection, agent.container("c1", {"sleep", "1000"}));
  CHECK(resume(connection, "c1").error().code == ErrorCode::kInternal);
  REQUIRE(pause(connection, "c1").ok());
  const auto twice = pause(connection, "c1");
  REQUIRE_FALSE(twice.ok());
  CHECK(twice.error().code == ErrorCode::kInternal);
  CHECK(twice.error().message.find("is paused already") != std::string::npos);
  REQUIRE(resume(connection, "c1").ok());
  CHECK(pause(connection, "c1").ok());
  remove_container(connection, "c1");
}

TEST_CASE("an exec into a paused container is refused and the agent goes on") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  agent.run(connection, agent.container("c1", {"sleep", "1000"}));
  REQUIRE(pause(connection, "c1").ok());
  const auto refused = connection.send("ExecProcess", exec_request("c1", "e1", {"true"}));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::kFailedPrecondition);
  REQUIRE(resume(connection, "c1").ok());
  REQUIRE(connection.send("ExecProcess", exec_request("c1", "e1", {"true"})).ok());
  CHECK(wait_for(connection, "c1", "e1") == 0);
  remove_container(connection, "c1");
}

TEST_CASE("a paused container can be killed and removed") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  agent.run(connection, agent.container("c1", {"sleep", "1000"}));
  REQUIRE(pause(connection, "c1").ok());
  REQUIRE(send_signal(connection, "c1", "", 9).ok());
  CHECK(wait_for(connection, "c1") == 137);
  CHECK(pause(connection, "c1").error().code == ErrorCode::kInternal);
  remove_container(connection, "c1");
}

TEST_CASE("a container that was created may be paused before it starts") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  REQUIRE(connection.send("CreateContainer", agent.container("c1", {"echo", "late"})).ok());
  REQUIRE(pause(connection, "c1").ok());
  REQUIRE(connection.send("StartContainer", with_id<grpc::StartContainerRequest>("c1")).ok());
  REQUIRE(resume(connection, "c1").ok());
  CHECK(read_all(connection, "c1", "") == "late\n");
  remove_container(connection, "c1");
}

TEST_CASE("new limits hold and can be written again") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  agent.run(connection, agent.container("c1", {"sleep", "1000"}));
  auto update = with_id<grpc::UpdateContainerRequest>("c1");
  update.mutable_resources()->mutable_memory()->set_limit(64 << 20);
  update.mutable_resources()->mutable_pids()->set_limit(17);
  for (int time = 0; time < 2; ++time) REQUIRE(connection.send("UpdateContainer", update).ok());
  const auto stats = stats_of(connection, "c1").cgroup_stats();
  CHECK(stats.memory_stats().usage().limit() == 64 << 20);
  CHECK(stats.pids_stats().limit() == 17);
  update.mutable_resources()->clear_pids();
  update.mutable_resources()->mutable_memory()->set_limit(32 << 20);
  REQUIRE(connection.send("UpdateContainer", update).ok());
  CHECK(stats_of(connection, "c1").cgroup_stats().pids_stats().limit() == 17);
  remove_container(connection, "c1");
}

TEST_CASE("limits that make no sense are refused by name") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  agent.run(connection, agent.container("c1", {"sleep", "1000"}));
  auto update = with_id<grpc::UpdateContainerRequest>("c1");
  update.mutable_resources()->mutable_memory()->set_swappiness(101);
  const auto refused = connection.send("UpdateContainer", update);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::kInvalidArgument);
  CHECK(refused.error().message.find("swappiness") != std::string::npos);
  remove_container(connection, "c1");
}

TEST_CASE("stats count processes and memory and processor time") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  agent.run(connection,
            agent.container("c1", {"sh", "-c", "sleep 1000 & sleep 1000 & echo; wait"}));
  read_some(connection, "c1");
  const auto stats = stats_of(connection, "c1").cgroup_stats();
  CHECK(stats.pids_stats().current() == 3);
  CHECK(stats.pids_stats().limit() == 0);
  CHECK(stats.memory_stats().usage().usage() > 0);
  CHECK(stats.memory_stats().stats().contains("rss"));
  CHECK(stats.cpu_stats().cpu_usage().total_usage() > 0);
  CHECK(stats.cpu_stats().cpu_usage().percpu_usage_size() > 0);
  remove_container(connection, "c1");
}

TEST_CASE("network stats come from the namespace of the container") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  auto request = agent.container("c1", {"sleep", "1000"});
  request.mutable_oci()->mutable_linux()->add_namespaces()->set_type("network");
  agent.run(connection, request);
  const auto stats = stats_of(connection, "c1");
  REQUIRE(stats.network_stats_size() >= 1);
  for (const auto& one : stats.network_stats()) {
    CAPTURE(one.name());
    CHECK(one.rx_bytes() == 0);
    CHECK(one.name().find("eth") == std::string::npos);
  }
  remove_container(connection, "c1");
}

TEST_CASE("every lack of memory is told and not only the first") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  auto request = agent.container("c1", {"sleep", "1000"});
  auto& memory = *request.mutable_oci()->mutable_linux()->mutable_resources()->mutable_memory();
  memory.set_limit(kMemory);
  memory.set_swap(kMemory);
  agent.run(connection, request);
  for (int round = 0; round < 3; ++round) {
    auto event = std::async(std::launch::async, [&agent] {
      AgentConnection listener = agent.connect();
      return listener.call<grpc::OOMEvent>("GetOOMEvent", grpc::GetOOMEventRequest());
    });
    const std::string id = "e" + std::to_string(round);
    REQUIRE(connection
                .send("ExecProcess", exec_request("c1", id,
                                                  {"busybox", "dd", "if=/dev/zero", "of=/dev/null",
                                                   "bs=64M", "count=1"}))
                .ok());
    CHECK(wait_for(connection, "c1", id) == 137);
    const auto told = event.get();
    REQUIRE_MESSAGE(told.ok(), told.error().message);
    CHECK(told.value().container_id() == "c1");
  }
  remove_container(connection, "c1");
}

TEST_CASE("the removal of a container is no lack of memory") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  agent.run(connection, agent.container("c1", {"sleep", "1000"}));
  remove_container(connection, "c1");
  AgentConnection listener = agent.connect();
  const auto event =
      listener.raw().call("grpc.AgentService", "GetOOMEvent", "",
                          std::chrono::steady_clock::now() + std::chrono::milliseconds(300));
  REQUIRE_FALSE(event.ok());
  CHECK(event.error().code == ErrorCode::kTimeout);
}

TEST_CASE("resource methods name an unknown container with the code that hosts know") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  const auto check = [&](std::string_view method, const auto& request) {
    CAPTURE(method);
    const auto refused = connection.send(method, request);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == ErrorCode::kInvalidArgument);
    CHECK(refused.error().message == "invalid container id");
  };
  check("PauseContainer", with_id<grpc::PauseContainerRequest>("none"));
  check("ResumeContainer", with_id<grpc::ResumeContainerRequest>("none"));
  check("UpdateContainer", with_id<grpc::UpdateContainerRequest>("none"));
  check("StatsContainer", with_id<grpc::StatsContainerRequest>("none"));
}

TEST_CASE("five hundred callers that wait delay no check") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  agent.run(connection, agent.container("c1", {"sleep", "1000"}));
  const std::string request = with_id<grpc::WaitProcessRequest>("c1").SerializeAsString();
  std::vector<PendingCall> waits;
  for (int waiter = 0; waiter < 500; ++waiter)
    waits.emplace_back(agent.socket(), "WaitProcess", request);
  // A check that stood in their line would not come back at all.
  for (int time = 0; time < 50; ++time)
    REQUIRE(connection.raw().call("grpc.Health", "Check", "", in_seconds(20)).ok());
  REQUIRE(send_signal(connection, "c1", "", 9).ok());
  int told = 0;
  for (PendingCall& wait : waits) {
    grpc::WaitProcessResponse reply;
    REQUIRE(reply.ParseFromString(wait.reply()));
    told += reply.status() == 137 ? 1 : 0;
  }
  CHECK(told == 500);
  remove_container(connection, "c1");
}
