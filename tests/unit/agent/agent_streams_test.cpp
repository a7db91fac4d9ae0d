// SPDX-License-Identifier: Apache-2.0
//
// Bytes in and out of containers.
#include <algorithm>
#include <future>

#include "agent_process.h"

using namespace kata;

namespace {

std::string patterned(std::size_t size) {
  std::string data(size, '\0');
  for (std::size_t i = 0; i < size; ++i) data[i] = static_cast<char>((i * 31 + i / 251) & 0xff);
  return data;
}

// What comes until `marker` does.
std::string read_until(AgentConnection& agent, const std::string& id, std::string_view marker) {
  grpc::ReadStreamRequest request;
  request.set_container_id(id);
  request.set_len(4096);
  std::string all;
  while (all.find(marker) == std::string::npos) {
    const auto reply = agent.call<grpc::ReadStreamResponse>("ReadStdout", request);
    REQUIRE_MESSAGE(reply.ok(), reply.error().message);
    REQUIRE_FALSE(reply.value().data().empty());
    all += reply.value().data();
  }
  return all;
}

}  // namespace

TEST_CASE("8 MiB of stdin arrive whole and closing stdin ends the reader") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  agent.run(connection, agent.container("c1", {"wc", "-c"}));
  write_all(connection, "c1", "", std::string(8 << 20, 'x'));
  grpc::CloseStdinRequest close;
  close.set_container_id("c1");
  REQUIRE(connection.send("CloseStdin", close).ok());
  CHECK(read_all(connection, "c1", "") == "8388608\n");
  CHECK(wait_for(connection, "c1") == 0);
  remove_container(connection, "c1");
}

TEST_CASE("bytes come back as they went while both ways are busy") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  agent.run(connection, agent.container("c1", {"cat"}));
  const std::string data = patterned(3 << 20);
  auto output = std::async(std::launch::async, [&agent] {
    AgentConnection reader = agent.connect();
    return read_all(reader, "c1", "");
  });
  write_all(connection, "c1", "", data);
  write_all(connection, "c1", "", "");  // empty data closes
  CHECK((output.get() == data));
  CHECK(wait_for(connection, "c1") == 0);
  remove_container(connection, "c1");
}

TEST_CASE("a writer of much output is not lost when nobody reads for a while") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  agent.run(
      connection,
      agent.container(
          "c1", {"sh", "-c", "i=0; while [ $i -lt 20000 ]; do echo line$i; i=$((i+1)); done"}));
  AgentConnection other = agent.connect();
  CHECK(other.send("GetGuestDetails", grpc::GuestDetailsRequest()).ok());  // others are served
  const std::string all = read_all(connection, "c1", "");
  CHECK(all.starts_with("line0\nline1\n"));
  CHECK(all.ends_with("line19999\n"));
  CHECK(wait_for(connection, "c1") == 0);
  remove_container(connection, "c1");
}

TEST_CASE("a terminal echoes and has a size and ends without an error") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  auto request = agent.container("c1", {"sh", "-c", "stty size; read go; stty size; exit 6"});
  auto& process = *request.mutable_oci()->mutable_process();
  process.set_terminal(true);
  process.mutable_consolesize()->set_height(33);
  process.mutable_consolesize()->set_width(77);
  agent.run(connection, request);
  CHECK(read_until(connection, "c1", "\n") == "33 77\r\n");
  grpc::TtyWinResizeRequest resize;
  resize.set_container_id("c1");
  resize.set_row(44);
  resize.set_column(99);
  REQUIRE(connection.send("TtyWinResize", resize).ok());
  write_all(connection, "c1", "", "go\n");
  CHECK(read_all(connection, "c1", "") == "go\r\n44 99\r\n");
  CHECK(wait_for(connection, "c1") == 6);
  remove_container(connection, "c1");
}

TEST_CASE("Ctrl-C on a terminal interrupts the foreground process") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  auto request = agent.container(
      "c1", {"sh", "-c", "trap 'echo caught; exit 8' INT; echo up; while :; do sleep 0.05; done"});
  request.mutable_oci()->mutable_process()->set_terminal(true);
  agent.run(connection, request);
  read_until(connection, "c1", "up\r\n");
  write_all(connection, "c1", "", "\x03");
  read_until(connection, "c1", "caught");
  CHECK(wait_for(connection, "c1") == 8);
  remove_container(connection, "c1");
}

TEST_CASE("an exec may have a terminal while its container has none") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  agent.run(connection, agent.container("c1", {"sleep", "1000"}));
  auto request = exec_request("c1", "e1", {"sh", "-c", "test -t 0 && echo terminal"});
  request.mutable_process()->set_terminal(true);
  REQUIRE(connection.send("ExecProcess", request).ok());
  CHECK(read_all(connection, "c1", "e1") == "terminal\r\n");
  CHECK(wait_for(connection, "c1", "e1") == 0);
  remove_container(connection, "c1");
}

TEST_CASE("only the three standard descriptors reach the workload") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  agent.run(connection, agent.container("c1", {"sleep", "1000"}));
  // A shell gives a background child /dev/null as its input: until then descriptor 0 comes and
  // goes.
  const auto look =
      exec_request("c1", "e1",
                   {"sh", "-c",
                    "sleep 1000 & until [ \"$(readlink /proc/$!/fd/0)\" = /dev/null ]; do :; done; "
                    "echo /proc/1/fd/* /proc/$!/fd/*; kill $!"});
  REQUIRE(connection.send("ExecProcess", look).ok());
  const std::string seen = read_all(connection, "c1", "e1");
  CHECK(seen.starts_with("/proc/1/fd/0 /proc/1/fd/1 /proc/1/fd/2 /proc/"));
  CHECK(std::ranges::count(seen, ' ') == 5);  // three of each process
  REQUIRE(wait_for(connection, "c1", "e1") == 0);
  remove_container(connection, "c1");
}
