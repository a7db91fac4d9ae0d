// SPDX-License-Identifier: Apache-2.0
//
// pause, update, exec and kill as Debian's podman calls them; runc on the same commands is the
// oracle.
#include <doctest/doctest.h>

#include "tests/integration/harness/podman.h"

using namespace kata::test;
using With = Podman::With;

namespace {

void start(const Podman& podman) {
  const CommandResult started = podman({"run", "--detach", "--name", "c1", "--network", "none",
                                        "--rootfs", podman.rootfs(), "/bin/sleep", "1000"});
  REQUIRE_MESSAGE(started.exit_code == 0, started.err);
}

std::string status(const Podman& podman) {
  return podman({"inspect", "--format", "{{.State.Status}}", "c1"}).out;
}

// What both runtimes are asked, and what came of it, a line each.
std::string outcomes(const Podman& podman, const std::vector<std::vector<std::string>>& commands) {
  std::string text;
  for (const auto& command : commands) {
    const CommandResult result = podman(command);
    text += command[0] + " " + std::to_string(result.exit_code) + " " + status(podman);
  }
  return text;
}

std::string check_pausing(const Podman& podman) {
  start(podman);
  std::string seen = outcomes(podman, {{"pause", "c1"},
                                       {"pause", "c1"},
                                       {"exec", "c1", "true"},
                                       {"unpause", "c1"},
                                       {"unpause", "c1"},
                                       {"exec", "c1", "true"}});
  CHECK(podman({"rm", "--force", "--time", "0", "c1"}).exit_code == 0);
  return seen;
}

}  // namespace

TEST_CASE("podman pauses and unpauses as with runc") {
  const Podman oracle(With::kRunc), podman(With::kKata);
  const std::string expected = check_pausing(oracle);
  CHECK(expected.find("pause 0 paused\n") == 0);
  CHECK(check_pausing(podman) == expected);
  CHECK(podman.leaked() == "");
}

TEST_CASE("podman removes a paused container by force") {
  const Podman podman(With::kKata);
  start(podman);
  REQUIRE(podman({"pause", "c1"}).exit_code == 0);
  CHECK(podman({"rm", "--force", "--time", "0", "c1"}).exit_code == 0);
  CHECK(podman.leaked() == "");
}

TEST_CASE("podman's exec has the user directory and exit code that it asks for") {
  const Podman podman(With::kKata);
  start(podman);
  const CommandResult result = podman({"exec", "--user", "1000:1000", "--workdir", "/tmp", "--env",
                                       "A=b", "c1", "sh", "-c", "id -u; pwd; echo $A; exit 9"});
  CHECK_MESSAGE(result.out == "1000\n/tmp\nb\n", result.err);
  CHECK(result.exit_code == 9);
  CHECK(podman({"exec", "c1", "/bin/nothing"}).exit_code == 127);
  CHECK(podman({"exec", "--detach", "c1", "touch", "/tmp/made"}).exit_code == 0);
  CHECK(eventually([&] { return std::filesystem::exists(podman.rootfs() / "tmp/made"); },
                   std::chrono::seconds(20)));
}

TEST_CASE("podman updates limits and sends signals") {
  const Podman podman(With::kKata);
  start(podman);
  const CommandResult updated = podman({"update", "--memory", "64m", "--cpu-shares", "512", "c1"});
  CHECK_MESSAGE(updated.exit_code == 0, updated.err);
  const CommandResult killed = podman({"kill", "--signal", "KILL", "c1"});
  CHECK_MESSAGE(killed.exit_code == 0, killed.err);
  CHECK(eventually([&] { return status(podman) == "exited\n"; }, std::chrono::seconds(20)));
  CHECK(podman({"rm", "c1"}).exit_code == 0);
  CHECK(podman.leaked() == "");
}
