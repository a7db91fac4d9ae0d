// SPDX-License-Identifier: Apache-2.0
//
// Debian's containerd with our shim, driven by ctr. What ctr and this machine do with a command is
// what runc on the same command shows.
#include <doctest/doctest.h>
#include <signal.h>

#include <fstream>

#include "kata/concat.h"
#include "tests/integration/harness/containerd.h"
#include "tests/integration/harness/pty.h"

using namespace kata::test;
using std::chrono::seconds;

namespace {

using Words = std::vector<std::string>;

struct Command {
  const char* name;
  Words flags;
  Words command;
};

std::string outcome(const CommandResult& result) {
  return kata::concat("exit code ", std::to_string(result.exit_code), "\n", result.out);
}

void start(const Containerd& containerd, const std::string& runtime, const std::string& id) {
  const CommandResult started =
      containerd(containerd.run_words(runtime, {"--detach"}, id, {"sleep", "1000"}));
  REQUIRE_MESSAGE(started.exit_code == 0, started.err);
}

// The exit code of each verb and the task's status after it, a line each.
std::string life(const Containerd& containerd, const std::string& runtime) {
  start(containerd, runtime, "c1");
  const std::vector<Words> verbs = {
      {"task", "exec", "--exec-id", "e1", "c1", "sh", "-c", "echo out; echo err >&2; exit 9"},
      {"task", "exec", "--exec-id", "e2", "c1", "/bin/nothing"},
      {"task", "exec", "--detach", "--exec-id", "e3", "c1", "touch", "/made"},
      {"task", "pause", "c1"},
      {"task", "pause", "c1"},
      {"task", "resume", "c1"},
      {"task", "ps", "c1"},
      {"task", "metrics", "c1"},
      {"task", "delete", "c1"},
      {"task", "kill", "--signal", "USR1", "nobody"},
      {"task", "kill", "--signal", "9", "c1"},
  };
  std::string text;
  for (const Words& verb : verbs) {
    const CommandResult result = containerd(verb);
    text += kata::concat(verb[1], " ", std::to_string(result.exit_code), " ",
                         verb[1] == "exec" ? result.out : "", "\n");
    if (verb[1] == "pause" || verb[1] == "resume") text += containerd.status("c1") + "\n";
  }
  eventually([&] { return containerd.status("c1") == "STOPPED"; }, seconds(10));
  text += containerd.status("c1") + "\n";
  text += std::to_string(containerd({"task", "delete", "c1"}).exit_code);
  text += std::to_string(containerd({"container", "delete", "c1"}).exit_code);
  return text;
}

}  // namespace

TEST_CASE("ctr run gives the same output and exit code as with runc") {
  const Containerd containerd;
  const auto volume = containerd.directory() / "volume";
  std::filesystem::create_directory(volume);
  std::ofstream(volume / "file") << "from the host\n";
  const Command commands[] = {
      {"exit code", {}, {"sh", "-c", "echo out; echo err >&2; exit 7"}},
      {"process",
       {"--user", "1000:1000", "--cwd", "/tmp", "--env", "A=b", "--read-only"},
       {"sh", "-c", "id -u; pwd; echo $A; touch /x 2>/dev/null || echo read-only"}},
      {"a mount",
       {"--mount", kata::concat("type=bind,src=", volume, ",dst=/v,options=rbind:ro")},
       {"sh", "-c", "cat /v/file; touch /v/x 2>/dev/null || echo read-only"}},
      {"much output", {}, {"sh", "-c", "dd if=/dev/zero bs=64k count=80 2>/dev/null | tr '\\0' x"}},
  };
  for (const Command& command : commands) {
    INFO(command.name);
    Words flags = command.flags;
    flags.emplace_back("--rm");
    const CommandResult expected =
        containerd(containerd.run_words("runc", flags, "c1", command.command));
    const CommandResult ours =
        containerd(containerd.run_words("kata", flags, "c1", command.command));
    CHECK_MESSAGE(outcome(ours) == outcome(expected), ours.err);
  }
  CHECK(containerd.leaked() == "");
}

TEST_CASE("a task under containerd lives as with runc") {
  const Containerd containerd;
  const std::string expected = life(containerd, "runc");
  CHECK(expected.find("PAUSED") != std::string::npos);
  CHECK(life(containerd, "kata") == expected);
  CHECK(containerd.leaked() == "");
}

TEST_CASE("a task has a terminal of the size that its user has") {
  const Containerd containerd;
  const char* const script = "while read line; do stty size; done; exit 4";
  Terminal terminal(containerd.command(containerd.run_words("kata", {"--rm", "--tty"}, "c1",
                                                            {"sh", "-c", script})),
                    containerd.options(), 33, 111);
  REQUIRE(eventually([&] { return containerd.status("c1") == "RUNNING"; }, seconds(30)));
  // ctr tells the first size once the task runs, and listens for changes only after that. The
  // kernel reports a change, so one that came too early must become another one.
  const auto reaches = [&](unsigned short rows, unsigned short columns) {
    return eventually(
        [&] {
          terminal.resize(rows, static_cast<unsigned short>(columns + 1));
          terminal.resize(rows, columns);
          terminal.type("look\n");
          return terminal.expect(std::to_string(rows) + " " + std::to_string(columns), seconds(1));
        },
        seconds(20));
  };
  CHECK_MESSAGE(reaches(44, 122), terminal.seen());
  CHECK_MESSAGE(reaches(25, 80), terminal.seen());
  terminal.type("\x04");
  CHECK(terminal.wait(seconds(20)) == 4);
  CHECK(containerd.leaked() == "");
}

TEST_CASE("a task outlives containerd and is found again") {
  Containerd containerd;
  start(containerd, "kata", "c1");
  containerd.restart();
  CHECK(containerd.status("c1") == "RUNNING");
  const CommandResult exec =
      containerd({"task", "exec", "--exec-id", "e1", "c1", "echo", "still here"});
  CHECK_MESSAGE(exec.out == "still here\n", exec.err);
  CHECK(containerd({"task", "kill", "--signal", "9", "c1"}).exit_code == 0);
  CHECK(eventually([&] { return containerd.status("c1") == "STOPPED"; }, seconds(10)));
  CHECK(containerd({"task", "delete", "c1"}).err.find("exit code 137") != std::string::npos);
  CHECK(containerd({"container", "delete", "c1"}).exit_code == 0);
  CHECK(containerd.leaked() == "");
}
