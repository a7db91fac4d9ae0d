// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-agent-ctl/completion.h"

#include <algorithm>

#include "request.h"

using namespace kata;
using namespace kata::agentctl;

TEST_CASE("a line is completed with what may stand there") {
  const Schema schema;
  const struct {
    Words before;
    const char* current;
    Words expected;
  } kRows[] = {
      {{}, "CreateC", {"CreateContainer"}},
      {{}, "Create", {"CreateContainer", "CreateSandbox"}},
      {{}, "gen", {"generate-cid", "generate-sid"}},
      {{"--output", "json"}, "Chec", {"Check"}},
      {{"-s", "unix:///x"}, "Chec", {"Check"}},
      {{"--output"}, "j", {"json"}},
      {{"connect"}, "Chec", {"Check"}},
      {{"describe"}, "Chec", {"Check"}},
      {{"bench"}, "Chec", {"Check"}},
      {{"repeat", "3"}, "Chec", {"Check"}},
      {{"Check"}, "--time", {"--timeout"}},
      {{"Nonsense"}, "a", {}},
      {{"RemoveContainer"}, "", {"container_id=", "timeout="}},
      {{"bench", "RemoveContainer"}, "t", {"timeout="}},
      {{"CreateContainer"}, "OC", {"OCI."}},
      {{"CreateContainer"}, "bu", {"bundle="}},
      {{"CreateContainer"}, "dev", {"devices.0."}},
      {{"CreateContainer"}, "devices.0.t", {"devices.0.type="}},
      {{"CreateContainer"}, "OCI.Process.Ar", {"OCI.Process.Args="}},
      {{"CreateContainer"}, "OCI.Ann", {"OCI.Annotations."}},
      {{"CreateContainer"}, "OCI.Annotations.x", {}},
      {{"CreateContainer"}, "sandbox_pidns=", {"sandbox_pidns=false", "sandbox_pidns=true"}},
      {{"UpdateRoutes"},
       "routes.Routes.0.family=",
       {"routes.Routes.0.family=v4", "routes.Routes.0.family=v6"}},
      {{"completion"}, "", {"bash", "fish", "zsh"}},
  };
  for (const auto& [before, current, expected] : kRows) {
    const std::string shown = current;
    CAPTURE(shown);
    CHECK(complete(schema, before, current) == expected);
  }
}

TEST_CASE("every method and command is offered at the beginning") {
  const Schema schema;
  const auto all = complete(schema, {}, "");
  for (const Method* method : schema.methods())
    CHECK(std::find(all.begin(), all.end(), method->name()) != all.end());
  CHECK(std::find(all.begin(), all.end(), "bench") != all.end());
}

TEST_CASE("there is a script for each shell and no other") {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    CAPTURE(shell);
    REQUIRE(completion_script(shell).ok());
    CHECK(completion_script(shell).value().find("kata-agent-ctl __complete") !=
          std::string_view::npos);
  }
  CHECK_FALSE(completion_script("tcsh").ok());
}
