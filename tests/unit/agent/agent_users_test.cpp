// SPDX-License-Identifier: Apache-2.0
//
// Processes that run as somebody by name: string_user of CreateContainer and ExecProcess.
#include <fstream>

#include "agent_process.h"

using namespace kata;

namespace {

constexpr const char* kWhoAmI = "echo $(id -u) $(id -g) $(id -G) $HOME";

void add_accounts(const AgentProcess& agent) {
  std::filesystem::create_directories(agent.rootfs() / "etc");
  std::ofstream(agent.rootfs() / "etc/passwd")
      << "root:x:0:0::/root:/bin/sh\nbob:x:1000:100::/home/bob:/bin/sh\none:x:1:7::/one:/bin/sh\n";
  std::ofstream(agent.rootfs() / "etc/group") << "users:x:100:\nstaff:x:50:bob\n";
}

}  // namespace

TEST_CASE("a container's process runs as a user of its own passwd") {
  AgentProcess agent;
  add_accounts(agent);
  AgentConnection connection = agent.connect();
  auto request = agent.container("c1", {"sh", "-c", kWhoAmI});
  request.mutable_string_user()->set_uid("bob");
  agent.run(connection, request);
  CHECK(read_all(connection, "c1", "") == "1000 100 100 50 /home/bob\n");
  remove_container(connection, "c1");
}

TEST_CASE("an exec runs as the user that it names") {
  AgentProcess agent;
  add_accounts(agent);
  AgentConnection connection = agent.connect();
  agent.run(connection, agent.container("c1", {"sleep", "100"}));
  const struct {
    const char *user, *group, *more, *printed;
  } kAll[] = {{"bob", "", "", "1000 100 100 50 /home/bob\n"},
              {"bob", "staff", "", "1000 50 50 /home/bob\n"},
              {"bob", "", "9", "1000 100 100 9 50 /home/bob\n"},
              {"1", "", "", "1 7 7 /one\n"},
              {"33", "", "", "33 0 0 /\n"}};
  int number = 0;
  for (const auto& row : kAll) {
    CAPTURE(row.user);
    const std::string id = "e" + std::to_string(++number);
    auto request = exec_request("c1", id, {"sh", "-c", kWhoAmI});
    request.mutable_string_user()->set_uid(row.user);
    request.mutable_string_user()->set_gid(row.group);
    if (*row.more != 0) request.mutable_string_user()->add_additionalgids(row.more);
    const auto sent = connection.send("ExecProcess", request);
    REQUIRE_MESSAGE(sent.ok(), sent.error().message);
    CHECK(read_all(connection, "c1", id) == row.printed);
    CHECK(wait_for(connection, "c1", id) == 0);
  }
  remove_container(connection, "c1");
}

TEST_CASE("a user that the container does not know is refused by name") {
  AgentProcess agent;
  add_accounts(agent);
  AgentConnection connection = agent.connect();
  agent.run(connection, agent.container("c1", {"sleep", "100"}));
  auto request = exec_request("c1", "e1", {"true"});
  request.mutable_string_user()->set_uid("carol");
  const auto unknown = connection.send("ExecProcess", request);
  REQUIRE_FALSE(unknown.ok());
  CHECK(unknown.error().code == ErrorCode::kNotFound);
  CHECK(unknown.error().message.find("unable to find user carol") != std::string::npos);
  request.mutable_string_user()->set_uid("");
  request.mutable_string_user()->set_gid("staff");
  CHECK(connection.send("ExecProcess", request).error().code == ErrorCode::kInvalidArgument);
  remove_container(connection, "c1");
}
