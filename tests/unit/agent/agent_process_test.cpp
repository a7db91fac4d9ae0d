// SPDX-License-Identifier: Apache-2.0
//
// The life of containers and their processes through the agent's service.
#include <signal.h>

#include <future>

#include "agent_process.h"

using namespace kata;

TEST_CASE("a container runs with its output and exit code and leaves nothing") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  agent.run(connection, agent.container("c1", {"sh", "-c", "echo out; echo err >&2; exit 7"}));
  CHECK(read_all(connection, "c1", "") == "out\n");
  CHECK(read_all(connection, "c1", "c1", "ReadStderr") == "err\n");
  CHECK(wait_for(connection, "c1") == 7);
  remove_container(connection, "c1");
  CHECK(std::filesystem::is_empty(agent.run_dir()));
}

TEST_CASE("output can be read after the exit status was fetched") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  agent.run(connection, agent.container("c1", {"echo", "tail"}));
  CHECK(wait_for(connection, "c1") == 0);
  CHECK(read_all(connection, "c1", "") == "tail\n");
  remove_container(connection, "c1");
}

TEST_CASE("a container waits for its start and starts once") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  const auto request = agent.container("c1", {"echo", "started"});
  REQUIRE(connection.send("CreateContainer", request).ok());
  grpc::ReadStreamRequest read;
  read.set_container_id("c1");
  read.set_len(100);
  auto output = std::async(std::launch::async, [&agent] {
    AgentConnection reader = agent.connect();
    return read_all(reader, "c1", "");
  });
  CHECK(output.wait_for(std::chrono::milliseconds(100)) == std::future_status::timeout);
  grpc::StartContainerRequest start;
  start.set_container_id("c1");
  REQUIRE(connection.send("StartContainer", start).ok());
  CHECK(output.get() == "started\n");
  const auto again = connection.send("StartContainer", start);
  REQUIRE_FALSE(again.ok());
  CHECK(again.error().code == ErrorCode::kFailedPrecondition);
  remove_container(connection, "c1");
}

TEST_CASE("a signal death is 128 and the number") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  agent.run(connection, agent.container("c1", {"sleep", "1000"}));
  REQUIRE(send_signal(connection, "c1", "", SIGKILL).ok());
  CHECK(wait_for(connection, "c1") == 137);
  remove_container(connection, "c1");
}

TEST_CASE("SIGTERM ends an init process that has no handler") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  agent.run(connection, agent.container("c1", {"sleep", "1000"}));
  REQUIRE(send_signal(connection, "c1", "c1", SIGTERM).ok());
  CHECK(wait_for(connection, "c1") == 137);
  CHECK(send_signal(connection, "c1", "", SIGKILL).ok());  // nobody is left: no error
  remove_container(connection, "c1");
}

TEST_CASE("SIGTERM reaches a handler") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  agent.run(connection,
            agent.container(
                "c1", {"sh", "-c", "trap 'exit 9' TERM; echo up; while :; do sleep 0.05; done"}));
  grpc::ReadStreamRequest read;
  read.set_container_id("c1");
  read.set_len(100);
  REQUIRE(connection.call<grpc::ReadStreamResponse>("ReadStdout", read).value().data() == "up\n");
  REQUIRE(send_signal(connection, "c1", "", SIGTERM).ok());
  CHECK(wait_for(connection, "c1") == 9);
  remove_container(connection, "c1");
}

TEST_CASE("an exec runs in the container and has a code of its own") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  agent.run(connection, agent.container("c1", {"sleep", "1000"}));
  REQUIRE(connection.send("ExecProcess", exec_request("c1", "e1", {"sh", "-c", "hostname; exit 3"}))
              .ok());
  CHECK(read_all(connection, "c1", "e1") == "kata-test\n");
  CHECK(wait_for(connection, "c1", "e1") == 3);
  REQUIRE(connection.send("ExecProcess", exec_request("c1", "e2", {"sleep", "1000"})).ok());
  REQUIRE(send_signal(connection, "c1", "e2", SIGINT).ok());
  CHECK(wait_for(connection, "c1", "e2") == 130);
  remove_container(connection, "c1");
}

TEST_CASE("all who wait get the code and later ones find no process") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  agent.run(connection, agent.container("c1", {"sh", "-c", "read line; exit 5"}));
  std::vector<std::future<int>> waiters;
  for (int i = 0; i < 3; ++i)
    waiters.push_back(std::async(std::launch::async, [&agent] {
      AgentConnection waiter = agent.connect();
      return wait_for(waiter, "c1");
    }));
  for (auto& waiter : waiters)
    CHECK(waiter.wait_for(std::chrono::milliseconds(50)) == std::future_status::timeout);
  write_all(connection, "c1", "", "go\n");
  for (auto& waiter : waiters) CHECK(waiter.get() == 5);
  grpc::WaitProcessRequest again;
  again.set_container_id("c1");
  CHECK(connection.send("WaitProcess", again).error().code == ErrorCode::kNotFound);
  remove_container(connection, "c1");
}

TEST_CASE("removing a running container kills it and its execs") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  agent.run(connection, agent.container("c1", {"sh", "-c", "sleep 1000 & sleep 1000"}));
  REQUIRE(connection.send("ExecProcess", exec_request("c1", "e1", {"sleep", "1000"})).ok());
  remove_container(connection, "c1");
  grpc::RemoveContainerRequest again;
  again.set_container_id("c1");
  CHECK(connection.send("RemoveContainer", again).error().message.find("Invalid container id") !=
        std::string::npos);
  agent.run(connection, agent.container("c1", {"true"}));  // the id is free again
  CHECK(wait_for(connection, "c1") == 0);
  remove_container(connection, "c1");
}

TEST_CASE("a container that was never started can be removed") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  REQUIRE(connection.send("CreateContainer", agent.container("c1", {"true"})).ok());
  remove_container(connection, "c1");
}

TEST_CASE("containers share the pid namespace of the first when asked to") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  agent.run(connection, agent.container("c1", {"sleep", "1000"}));
  auto second = agent.container("c2", {"sh", "-c", "cat /proc/1/cmdline | wc -c; echo $$"});
  second.set_sandbox_pidns(true);
  agent.run(connection, second);
  CHECK(read_all(connection, "c2", "").starts_with("11\n"));  // sleep 1000
  remove_container(connection, "c2");
  remove_container(connection, "c1");
}

TEST_CASE("destroying the sandbox ends containers and the agent") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  agent.run(connection, agent.container("c1", {"sleep", "1000"}));
  REQUIRE(connection.send("DestroySandbox", grpc::DestroySandboxRequest()).ok());
  const auto ended = agent.process().wait(in_seconds(10));
  REQUIRE(ended.ok());
  REQUIRE(ended.value().has_value());
  CHECK(ended.value()->code == 0);
}

TEST_CASE("a lost connection leaves the container alone") {
  AgentProcess agent;
  {
    AgentConnection first = agent.connect();
    agent.run(first, agent.container("c1", {"sh", "-c", "read line; exit 4"}));
    grpc::WaitProcessRequest wait;
    wait.set_container_id("c1");
    const auto given_up =
        first.raw().call("grpc.AgentService", "WaitProcess", wait.SerializeAsString(),
                         std::chrono::steady_clock::now() + std::chrono::milliseconds(50));
    CHECK(given_up.error().code == ErrorCode::kTimeout);
  }
  AgentConnection second = agent.connect();
  write_all(second, "c1", "", "go\n");
  CHECK(wait_for(second, "c1") == 4);
  remove_container(second, "c1");
}
