// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/hook_process.h"

#include <doctest/doctest.h>

#include <fstream>

#include "programs/kata-runtime/hooks.h"
#include "tests/temporary_directory.h"

using namespace kata;
using namespace kata::runtime;

namespace {

HookProcess::Request shell(const std::string& script) {
  return {"/bin/sh", {"my-name", "-c", script}, {"COLOUR=blue"}, {}, {}, "{\"id\":\"c1\"}"};
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("a hook gets the state, its arguments and its own environment only") {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "out";
  const std::string script = "{ cat; echo; echo \"$0 $COLOUR ${HOME-unset}\"; } > " + file.string();
  auto request = shell(script);
  request.args = {"my-name", "-c", script, "argument-zero"};
  REQUIRE(HookProcess::run(request).ok());
  CHECK(text_of(file) == "{\"id\":\"c1\"}\nargument-zero blue unset\n");
}

TEST_CASE("a hook that fails says how, and what it printed last") {
  const auto failed = HookProcess::run(shell("echo first; echo the reason >&2; exit 3"));
  REQUIRE_FALSE(failed.ok());
  CHECK(failed.error().message == "ended with code 3: the reason");
  const auto killed = HookProcess::run(shell("kill -9 $$"));
  REQUIRE_FALSE(killed.ok());
  CHECK(killed.error().message == "was killed by signal 9");
  auto missing = shell("");
  missing.path = "/no/such/hook";
  CHECK(HookProcess::run(missing).error().code == ErrorCode::kNotFound);
}

TEST_CASE("a hook that prints a lot, or leaves a daemon with its output, is no reason to wait") {
  CHECK(HookProcess::run(shell("head -c 1000000 /dev/zero; exit 0")).ok());
  CHECK(HookProcess::run(shell("sleep 100 & exit 0")).ok());
}

TEST_CASE("a hook that takes longer than its timeout is killed with its children") {
  auto slow = shell("sleep 100 & wait");
  slow.timeout = std::chrono::seconds(1);
  const auto late = HookProcess::run(slow);
  REQUIRE_FALSE(late.ok());
  CHECK(late.error().code == ErrorCode::kTimeout);
  CHECK(late.error().message.find("timeout of 1 s") != std::string::npos);
}

TEST_CASE("the hook that failed is named by its place in config.json") {
  HookList hooks;
  hooks.Add()->set_path("/bin/true");
  hooks.Add()->set_path("/bin/false");
  const auto failed = run_hooks(hooks, {"createRuntime", {}}, "{}");
  REQUIRE_FALSE(failed.ok());
  CHECK(failed.error().message ==
        "config.json: hooks.createRuntime[1]: '/bin/false': ended with code 1");
}
