// SPDX-License-Identifier: Apache-2.0
//
// A task of which one process is killed at a point of its life: containerd sees its end, it can be
// deleted, and nothing is left.
#include <doctest/doctest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "kata/concat.h"
#include "tests/integration/harness/containerd.h"
#include "tests/integration/harness/kill_points.h"

using namespace kata::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

using Words = std::vector<std::string>;

constexpr seconds kSoon{5}, kCallEnds{30};
constexpr int kRuns = 124;  // of Background::wait()

// The calls of a task's life, in order, each with its end as the beginning of the next.
struct Phase {
  const char* name;
  Words words;
};

std::vector<Phase> phases(const Containerd& containerd) {
  return {{"run", containerd.run_words("kata", {"--detach"}, "c1", {"sleep", "1000"})},
          {"exec", {"task", "exec", "--exec-id", "e1", "c1", "true"}},
          {"running", {"task", "ls"}},
          {"kill", {"task", "kill", "--signal", "9", "c1"}},
          {"delete", {"task", "delete", "c1"}}};
}

const std::vector<KillPoint> kPoints = {
    {"run", 20},  {"run", 35},  {"run", 45},    {"run", 55},    {"run", 65},
    {"run", 75},  {"run", 85},  {"run", 95},    {"exec", 10},   {"exec", 30},
    {"exec", 50}, {"exec", 70}, {"exec", 90},   {"running", 0}, {"kill", 20},
    {"kill", 50}, {"kill", 80}, {"delete", 20}, {"delete", 50}, {"delete", 80}};

void wait_for_end(const Containerd& containerd, const std::string& phase) {
  if (phase == "kill")
    eventually([&] { return containerd.status("c1") == "STOPPED"; }, seconds(10));
}

// Until containerd knows nothing of it any more.
void remove_task(const Containerd& containerd) {
  CHECK(eventually([&] { return containerd.status("c1") != "RUNNING"; }, kSoon));
  if (!containerd.status("c1").empty()) {
    containerd({"task", "kill", "--signal", "9", "c1"});
    const CommandResult deleted = containerd({"task", "delete", "--force", "c1"});
    CHECK_MESSAGE(containerd.status("c1").empty(), deleted.err);
  }
  containerd({"container", "delete", "c1"});
  CHECK(containerd({"container", "ls", "--quiet"}).out.find("c1") == std::string::npos);
  CHECK(containerd.leaked() == "");
}

std::map<std::string, milliseconds> times(const Containerd& containerd) {
  std::map<std::string, milliseconds> taken;
  for (const Phase& phase : phases(containerd)) {
    CommandResult result;
    taken[phase.name] = time_of([&] { result = containerd(phase.words); });
    wait_for_end(containerd, phase.name);
  }
  remove_task(containerd);
  return taken;
}

// containerd calls nobody to clean up after a shim whose `start` succeeded and that was killed before
// containerd came to connect: with every runtime its socket stays, and only that.
void remove_socket_of_refused_dial(const Containerd& containerd) {
  std::ifstream file(containerd.directory() / "call.out");
  const std::string said{std::istreambuf_iterator<char>(file), {}};
  const std::string before = "start failed: dial unix ", after = ": connect: connection refused";
  const std::size_t start = said.find(before), end = said.find(after);
  if (start == std::string::npos || end == std::string::npos) return;
  const std::size_t path = start + before.size();
  CHECK(std::filesystem::remove(said.substr(path, end - path)));
}

// Whether the victim was there to be killed.
bool play(const Containerd& containerd, const KillRow& row, milliseconds point) {
  bool killed = false;
  for (const Phase& phase : phases(containerd)) {
    const std::string name = phase.name;
    if (name != row.point.phase) {
      containerd(phase.words);
      wait_for_end(containerd, name);
      continue;
    }
    Background call(containerd.command(phase.words), containerd.options(),
                    containerd.directory() / "call.out");
    bool over = false;
    const auto is_over = [&] { return over = over || call.wait(seconds(0)) != kRuns; };
    killed = kill_at(
        row.victim, point, [&] { return containerd.processes(); }, is_over);
    CHECK(eventually(is_over, kCallEnds));
    remove_socket_of_refused_dial(containerd);
    break;
  }
  if (!killed) containerd({"task", "kill", "--signal", "9", "c1"});
  remove_task(containerd);
  return killed;
}

void play_all(const Containerd& containerd, const std::vector<KillRow>& rows) {
  kata::test::play_all(rows, times(containerd), [&](const KillRow& row, milliseconds point) {
    return play(containerd, row, point);
  });
}

}  // namespace

TEST_CASE("a task of which a process is killed at any point ends and leaves nothing") {
  const Containerd containerd("path = \"" KATA_FAKE_VM "\"\n");
  play_all(containerd, kill_rows(kPoints, victims_with_fake_vm()));
}

TEST_CASE("a task whose real shim or VM or file server is killed ends and leaves nothing") {
  const Containerd containerd;
  const std::vector<Victim> victims = {{"shim", "containerd-shim", SIGKILL},
                                       {"VM", "qemu-system", SIGKILL},
                                       {"virtiofsd", "virtiofsd", SIGKILL}};
  play_all(containerd, kill_rows({{"running", 0}, {"exec", 50}, {"run", 60}}, victims));
}

TEST_CASE("a task whose guest panics ends and leaves nothing") {
  const Containerd containerd;
  const CommandResult started = containerd(
      containerd.run_words("kata", {"--detach", "--privileged"}, "c1", {"sleep", "1000"}));
  REQUIRE_MESSAGE(started.exit_code == 0, started.err);
  containerd({"task", "exec", "--detach", "--exec-id", "e1", "c1", "sh", "-c",
              "sleep 1; echo c > /proc/sysrq-trigger"});
  CHECK(eventually([&] { return containerd.status("c1") == "STOPPED"; }, seconds(10)));
  remove_task(containerd);
}
