// SPDX-License-Identifier: Apache-2.0
#include "sandbox/hook_process.h"

#include <doctest/doctest.h>
#include <signal.h>

#include <fstream>
#include <thread>

#include "sandbox/hooks.h"
#include "tests/temporary_directory.h"

using namespace kata;
using namespace kata::sandbox;

namespace {

TimedProgram shell(const std::string& script) {
  TimedProgram program;
  program.path = "/bin/sh";
  program.args = {"my-name", "-c", script};
  program.environment = {"COLOUR=blue"};
  program.input = "{\"id\":\"c1\"}";
  return program;
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
  REQUIRE(run_hook(request).ok());
  CHECK(text_of(file) == "{\"id\":\"c1\"}\nargument-zero blue unset\n");
}

TEST_CASE("a hook that fails says how, and what it printed last") {
  const auto failed = run_hook(shell("echo first; echo the reason >&2; exit 3"));
  REQUIRE_FALSE(failed.ok());
  CHECK(failed.error().message == "ended with code 3: the reason");
  const auto killed = run_hook(shell("kill -9 $$"));
  REQUIRE_FALSE(killed.ok());
  CHECK(killed.error().message == "was killed by signal 9");
  auto missing = shell("");
  missing.path = "/no/such/hook";
  CHECK(run_hook(missing).error().code == ErrorCode::kNotFound);
}

TEST_CASE("a hook that prints a lot, or leaves a daemon with its output, is no reason to wait") {
  CHECK(run_hook(shell("head -c 1000000 /dev/zero; exit 0")).ok());
  const TemporaryDirectory directory;
  const auto file = directory.path() / "pid";
  CHECK(run_hook(shell("sleep 100 & echo $! > " + file.string())).ok());
  const pid_t daemon = std::stoi(text_of(file));
  CHECK(::kill(daemon, SIGKILL) == 0);  // it was there: nobody waited for it
}

TEST_CASE("a hook that takes longer than its timeout is killed with its children") {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "pid";
  auto slow = shell("sleep 100 & echo $! > " + file.string() + "; wait");
  slow.timeout = std::chrono::seconds(1);
  const auto late = run_hook(slow);
  REQUIRE_FALSE(late.ok());
  CHECK(late.error().code == ErrorCode::kTimeout);
  CHECK(late.error().message.find("timeout of 1 s") != std::string::npos);
  const std::string child = "/proc/" + std::to_string(std::stoi(text_of(file))) + "/exe";
  std::error_code gone;  // a zombie, which others reap, has no program
  for (int tries = 0; tries < 100 && std::filesystem::exists(child, gone); ++tries)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  CHECK_FALSE(std::filesystem::exists(child, gone));
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

TEST_CASE("a hook without a timeout is killed with its children on an interruption") {
  const TemporaryDirectory directory;
  static std::filesystem::path file;
  file = directory.path() / "pid";
  auto request = shell("sleep 100 & echo $! > " + file.string() + "; wait");
  request.interrupted = [] { return std::filesystem::exists(file) && !text_of(file).empty(); };
  const auto ran = run_hook(request);
  REQUIRE_FALSE(ran.ok());
  CHECK(ran.error().code == ErrorCode::kCancelled);
  CHECK(ran.error().message == "was killed on an interruption");
  const pid_t child = std::stoi(text_of(file));
  for (int turn = 0; turn < 500 && ::kill(child, 0) == 0; ++turn)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  std::ifstream stat("/proc/" + std::to_string(child) + "/stat");
  std::string line;
  std::getline(stat, line);
  CHECK((line.empty() || line.find(") Z ") != std::string::npos));
}
