// SPDX-License-Identifier: Apache-2.0
//
// SIGKILL of each process of a running sandbox: the verbs answer within five seconds, and delete
// --force leaves nothing.
#include <doctest/doctest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "tests/integration/harness/bundle.h"
#include "tests/integration/harness/runtime.h"

using namespace kata::test;

namespace {

// The pid of the process of this sandbox whose name begins with `name`.
pid_t find(const Runtime& runtime, const std::string& name) {
  const Snapshot now = take_snapshot(runtime.root(), runtime.directory().filename());
  for (const std::string& entry : now.entries) {
    if (entry.rfind("process ", 0) != 0) continue;
    const std::size_t space = entry.find(' ', 8);
    if (entry.compare(space + 1, name.size(), name) == 0) return std::stoi(entry.substr(8));
  }
  return -1;
}

// The death is told by whichever verb comes first: as the reason of a stopped container, or as that
// of a call that failed.
void check_death_of(const std::string& name, const std::string& reason) {
  const Runtime runtime;
  runtime.make("c1", default_spec({"/bin/sleep", "1000"}));
  REQUIRE(runtime({"run", "--detach", "--bundle", runtime.bundle("c1"), "c1"}).exit_code == 0);
  runtime.make("other", default_spec({"/bin/sleep", "1000"}));
  const pid_t victim = find(runtime, name);
  REQUIRE_MESSAGE(victim > 1, "no process named " << name);
  REQUIRE(::kill(victim, SIGKILL) == 0);

  const auto started = std::chrono::steady_clock::now();
  const CommandResult exec = runtime({"exec", "c1", "/bin/true"});
  const CommandResult state = runtime({"state", "c1"});
  const CommandResult kill = runtime({"kill", "c1", "KILL"});
  const auto took = std::chrono::steady_clock::now() - started;
  CHECK(took < std::chrono::seconds(5));
  CHECK(state.exit_code == 0);
  if (name != "kata-shim") {
    CHECK(exec.exit_code != 0);
    CHECK_MESSAGE(exec.err.find(reason) != std::string::npos, exec.err);
    CHECK(kill.exit_code != 0);
    CHECK_MESSAGE(kill.err.find(reason) != std::string::npos, kill.err);
    const auto stopped = [&] { return runtime.state("c1").value("status", "") == "stopped"; };
    CHECK(eventually(stopped, std::chrono::seconds(5)));
  }

  const auto deleting = std::chrono::steady_clock::now();
  const CommandResult deleted = runtime({"delete", "--force", "c1"});
  CHECK_MESSAGE(deleted.exit_code == 0, deleted.err);
  CHECK(std::chrono::steady_clock::now() - deleting < std::chrono::seconds(5));
  CHECK(runtime.leaked() == "");
}

}  // namespace

TEST_CASE("kill -9 of QEMU") {
  check_death_of("qemu-system", "the VM ended: QEMU ended with signal 9");
}
TEST_CASE("kill -9 of virtiofsd") {
  check_death_of("virtiofsd", "the server of the shared filesystem ended: ");
}
TEST_CASE("kill -9 of kata-proxy") { check_death_of("kata-proxy", "its kata-proxy has died"); }
TEST_CASE("kill -9 of kata-shim") { check_death_of("kata-shim", ""); }
