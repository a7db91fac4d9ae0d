// SPDX-License-Identifier: Apache-2.0
//
// containerd's client in front of our agent.
#include <cstdio>

#include "tests/component/agent-ctl/tool.h"
#include "tests/unit/agent/agent_process.h"

namespace {

std::string go_client(const AgentProcess& agent, const std::string& what) {
  const std::string command =
      std::string(KATA_GO_PEER) + " client " + agent.socket().string() + " " + what + " 2>&1";
  FILE* const pipe = ::popen(command.c_str(), "re");
  REQUIRE(pipe != nullptr);
  std::string out;
  char buffer[4096];
  while (const std::size_t got = ::fread(buffer, 1, sizeof buffer, pipe)) out.append(buffer, got);
  CHECK(::pclose(pipe) == 0);
  while (out.ends_with('\n')) out.pop_back();
  return out;
}

}  // namespace

TEST_CASE("a Go client understands what our server answers") {
  const AgentProcess agent;
  const struct {
    const char* what;
    const char* outcome;
  } kRows[] = {
      {"check", "OK: status 1"},
      {"version", "OK: 0.0.1 4.1.0"},
      {"status", "InvalidArgument: Invalid container id"},
      {"unknown-method", "Unimplemented: "},
      {"unknown-service", "InvalidArgument: "},
      {"server-timeout", "DeadlineExceeded: "},
      {"metadata", "OK: status 1"},
      {"largest", "OK: status 1"},
      {"concurrent", "3200 calls"},
  };
  for (const auto& [what, outcome] : kRows) {
    CAPTURE(what);
    const std::string seen = go_client(agent, what);
    CHECK_MESSAGE(seen.starts_with(outcome), seen);
  }
}

TEST_CASE("a message of one byte over 4 MiB is refused and the connection lives on") {
  const AgentProcess agent;
  const std::string seen = go_client(agent, "too-large");
  CHECK_MESSAGE(seen.starts_with("InvalidArgument: message length 4194305 exceeds"), seen);
  CHECK_MESSAGE(seen.ends_with("; then OK: status 1"), seen);
}

TEST_CASE("a Go client that goes in the middle of a call leaves the server as it was") {
  const AgentProcess agent;
  CHECK(go_client(agent, "give-up") == "error: context deadline exceeded; then OK: status 1");
}
