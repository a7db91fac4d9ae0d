// SPDX-License-Identifier: Apache-2.0
//
// What the agent serves beside its service: the log as a stream and a shell.
#include <unistd.h>

#include <algorithm>

#include "agent_process.h"

using namespace kata;

namespace {

UniqueFd connect(const std::filesystem::path& socket) {
  auto connected = connect_unix(socket);
  REQUIRE_MESSAGE(connected.ok(), connected.error().message);
  return connected.take();
}

// Up to the first appearance of `end`, or the end of the stream.
std::string read_until(int fd, std::string_view end) {
  std::string text;
  char block[512];
  while (text.find(end) == std::string::npos) {
    REQUIRE_MESSAGE(kata::detail::poll_until(fd, in_seconds(20)) == 1, text);
    const ssize_t got = ::read(fd, block, sizeof block);
    if (got <= 0) return text;
    text.append(block, static_cast<std::size_t>(got));
  }
  return text;
}

void type(int fd, std::string_view text) {
  REQUIRE(::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
}

}  // namespace

TEST_CASE("the debug console is a shell on a terminal for each who connects") {
  const TemporaryDirectory directory;
  const auto socket = directory.path() / "console.sock";
  {
    AgentProcess agent({"--debug-console", "unix://" + socket.string()});
    const UniqueFd first = connect(socket), second = connect(socket);
    type(first.get(), "tty && echo $((40 + 2))\n");
    type(second.get(), "echo $((50 + 5))\n");
    CHECK(read_until(second.get(), "55\r\n").find("55\r\n") != std::string::npos);
    const std::string text = read_until(first.get(), "42\r\n");
    CHECK(text.find("/dev/pts/") != std::string::npos);
    CHECK(text.find("42\r\n") != std::string::npos);
    type(first.get(), "exit\n");
    read_until(first.get(), "no such text");  // the connection ends with its shell
  }
  CHECK_FALSE(std::filesystem::exists(socket));
}

TEST_CASE("the shell of a console ends with its connection") {
  const TemporaryDirectory directory;
  const auto socket = directory.path() / "console.sock";
  AgentProcess agent({"--debug-console", "unix://" + socket.string()});
  UniqueFd console = connect(socket);
  type(console.get(), "echo p''id=$$ e''nd\n");  // what is typed comes back, too
  const std::string text = read_until(console.get(), " end");
  const std::size_t at = text.find("pid=") + 4;
  const std::string process = "/proc/" + text.substr(at, text.find(' ', at) - at);
  REQUIRE(std::filesystem::exists(process));
  console.reset();
  const Deadline deadline = in_seconds(20);
  while (std::filesystem::exists(process) && std::chrono::steady_clock::now() < deadline)
    ::usleep(1000);
  CHECK_FALSE(std::filesystem::exists(process));
}

TEST_CASE("there is no console unless it is asked for") {
  AgentProcess agent;
  for (const auto& entry : std::filesystem::directory_iterator(agent.socket().parent_path()))
    if (std::filesystem::is_socket(entry)) CHECK(entry.path() == agent.socket());
}

TEST_CASE("the log is a stream of objects with the keys that Kata's log parser wants") {
  const TemporaryDirectory directory;
  const auto socket = directory.path() / "log.sock";
  AgentProcess agent({"--log-addr", "unix://" + socket.string()});
  // Each reader gets what was logged before it came.
  for (int reader = 0; reader < 2; ++reader) {
    const UniqueFd log = connect(socket);
    const std::string text = read_until(log.get(), "sandbox is ready");
    CHECK(text.find("\"msg\":\"agent is ready\"") != std::string::npos);
    const std::string line = text.substr(0, text.find('\n'));
    CHECK(line.front() == '{');
    CHECK(line.back() == '}');
    for (const char* key : {"msg", "level", "ts", "pid", "name", "source", "subsystem", "version"})
      CHECK(line.find("\"" + std::string(key) + "\":\"") != std::string::npos);
  }
  const UniqueFd log = connect(socket);
  read_until(log.get(), "sandbox is ready");
  AgentConnection connection = agent.connect();
  agent.run(connection, agent.container("c1", {"true"}));  // the stream goes on
  remove_container(connection, "c1");
}
