// SPDX-License-Identifier: Apache-2.0
//
// Callers that the agent must not serve, and callers that have gone.
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cstddef>
#include <filesystem>
#include <thread>

#include "agent_process.h"
#include "protocol/ttrpc/message.h"

using namespace kata;

namespace {

namespace fs = std::filesystem;

std::size_t open_descriptors(AgentProcess& agent) {
  const fs::path all = "/proc/" + std::to_string(agent.process().pid()) + "/fd";
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(all), fs::directory_iterator()));
}

UniqueFd connect_abstract(const std::string& name) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path + 1, name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) fd.reset();
  return fd;
}

enum Answer { kServed = 1, kHungUp, kSilent, kNoSocket };

// What the shell behind the socket says to a process of this user.
int answer_for(uid_t uid, const std::string& name) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (::setresuid(uid, uid, uid) != 0) ::_exit(kNoSocket);
    const UniqueFd fd = connect_abstract(name);
    if (!fd) ::_exit(kNoSocket);
    [[maybe_unused]] const auto typed = ::send(fd.get(), "echo x\n", 7, MSG_NOSIGNAL);
    pollfd item{fd.get(), POLLIN, 0};
    if (::poll(&item, 1, 10'000) != 1) ::_exit(kSilent);
    char byte = 0;
    ::_exit(::read(fd.get(), &byte, 1) == 1 ? kServed : kHungUp);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WEXITSTATUS(status);
}

// A caller that does not wait for its answer, and says no time after which it would not.
void ask_and_leave(const AgentProcess& agent, std::string_view method, const std::string& payload) {
  auto stream = connect_unix(agent.socket());
  REQUIRE(stream.ok());
  auto frame = ttrpc::encode_call("grpc.AgentService", method, payload, {});
  REQUIRE(frame.ok());
  ttrpc::stamp_stream_id(frame.value(), 1);
  const std::string& bytes = frame.value();
  CHECK(::write(stream.value().get(), bytes.data(), bytes.size()) ==
        static_cast<ssize_t>(bytes.size()));
}

grpc::ReadStreamRequest read_request(const std::string& id) {
  grpc::ReadStreamRequest request;
  request.set_container_id(id);
  request.set_len(100);
  return request;
}

}  // namespace

TEST_CASE("an abstract socket serves nobody but the agent's own user") {
  const std::string name = "kata-agent-test-" + std::to_string(::getpid());
  const AgentProcess agent({"--debug-console", "unix://@" + name});
  CHECK(answer_for(0, name) == kServed);
  CHECK(answer_for(1000, name) == kHungUp);
}

TEST_CASE("callers that have gone leave nothing and take nothing") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  agent.run(connection, agent.container("c1", {"cat"}));
  const std::size_t before = open_descriptors(agent);
  grpc::WaitProcessRequest wait;
  wait.set_container_id("c1");
  for (int round = 0; round < 50; ++round) {
    ask_and_leave(agent, "ReadStdout", read_request("c1").SerializeAsString());
    ask_and_leave(agent, "ReadStderr", read_request("c1").SerializeAsString());
    ask_and_leave(agent, "WaitProcess", wait.SerializeAsString());
  }
  const Deadline deadline = in_seconds(10);
  while (open_descriptors(agent) != before && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  CHECK(open_descriptors(agent) == before);
  write_all(connection, "c1", "", "hello\n");
  const auto read = connection.call<grpc::ReadStreamResponse>("ReadStdout", read_request("c1"));
  REQUIRE_MESSAGE(read.ok(), read.error().message);
  CHECK(read.value().data() == "hello\n");
  remove_container(connection, "c1");
}

TEST_CASE("terminals of programs that do not start are closed and cannot be resized") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  agent.run(connection, agent.container("c1", {"cat"}));
  const std::size_t before = open_descriptors(agent);
  for (int round = 0; round < 30; ++round) {
    auto request = exec_request("c1", "e1", {"/bin/none"});
    request.mutable_process()->set_terminal(true);
    CHECK_FALSE(connection.send("ExecProcess", request).ok());
    grpc::TtyWinResizeRequest resize;
    resize.set_container_id("c1");
    resize.set_exec_id("e1");
    CHECK(connection.send("TtyWinResize", resize).error().code == ErrorCode::kNotFound);
  }
  CHECK(open_descriptors(agent) == before);
  remove_container(connection, "c1");
}
