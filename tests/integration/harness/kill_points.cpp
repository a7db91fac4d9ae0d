// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/harness/kill_points.h"

#include <doctest/doctest.h>
#include <signal.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

#include "kata/concat.h"

namespace kata::test {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

// Runs for a moment: containerd-shim-kata-v2 start and delete, and a file server that only says its
// version. One without words is already gone.
bool is_verb(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/cmdline");
  std::ostringstream words;
  words << file.rdbuf();
  const std::string text = words.str();
  if (text.empty()) return true;
  for (const std::string verb : {"start", "delete", "--version"})
    if (text.ends_with('\0' + verb + '\0')) return true;
  return false;
}

// A child of a shim or a VMM that is about to become another program still has its parent's name.
bool is_not_yet_itself(pid_t pid, const std::string& name) {
  const auto field = [](pid_t of, const char* key) {
    std::ifstream status("/proc/" + std::to_string(of) + "/status");
    for (std::string line; std::getline(status, line);)
      if (line.starts_with(key)) return line.substr(std::strlen(key));
    return std::string();
  };
  const std::string parent = field(pid, "PPid:\t");
  if (parent.empty()) return true;
  const pid_t parent_pid = std::stoi(parent);
  return field(parent_pid, "Name:\t").starts_with(name) && !is_verb(parent_pid);
}

// In "process PID NAME"; -1: there is none.
pid_t find(const std::vector<std::string>& processes, const std::string& name) {
  for (const std::string& entry : processes) {
    const std::size_t pid = std::strlen("process "), space = entry.find(' ', pid);
    if (entry.compare(space + 1, name.size(), name) != 0) continue;
    const pid_t found = std::stoi(entry.substr(pid));
    if (!is_verb(found) && !is_not_yet_itself(found, name)) return found;
  }
  return -1;
}

}  // namespace

std::vector<Victim> victims_with_fake_vm() {
  return {{"shim", "containerd-shim", SIGKILL},
          {"VM", "qemu-system", SIGKILL},
          {"virtiofsd", "virtiofsd", SIGKILL},
          {"agent", "qemu-system", SIGUSR1}};
}

std::string name(const KillRow& row) {
  return concat(row.victim.name, " killed at ", row.point.percent, " % of ", row.point.phase);
}

std::vector<KillRow> kill_rows(const std::vector<KillPoint>& points,
                               const std::vector<Victim>& victims) {
  const char* const wanted = std::getenv("KATA_TEST_KILL_POINTS");
  const std::string part = wanted == nullptr ? "" : wanted;
  std::vector<KillRow> rows;
  for (std::size_t i = 0; i < points.size(); ++i)
    for (std::size_t victim = 0; victim < victims.size(); ++victim) {
      const KillRow row{points[i], victims[victim]};
      if (part.empty() ? victim == i % victims.size()
                       : part == "all" || name(row).find(part) != std::string::npos)
        rows.push_back(row);
    }
  return rows;
}

void play_all(const std::vector<KillRow>& rows, const std::map<std::string, milliseconds>& taken,
              const std::function<bool(const KillRow&, milliseconds)>& play) {
  std::size_t killed = 0;
  for (const KillRow& row : rows) {
    INFO(name(row));
    const milliseconds point = taken.at(row.point.phase) * row.point.percent / 100;
    bool there = false;
    for (int quarters = 4; quarters > 1 && !there; --quarters)
      there = play(row, point * quarters / 4);
    killed += there;
  }
  MESSAGE(killed << " of " << rows.size() << " victims were there");
  CHECK(2 * killed > rows.size());
}

bool kill_at(const Victim& victim, milliseconds delay,
             const std::function<std::vector<std::string>()>& processes,
             const std::function<bool()>& over) {
  const auto when = steady_clock::now() + delay;
  while (!over()) {
    const pid_t pid = steady_clock::now() < when ? -1 : find(processes(), victim.process);
    if (pid > 1 && ::kill(pid, victim.signal) == 0) return true;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return false;
}

milliseconds time_of(const std::function<void()>& work) {
  const auto began = steady_clock::now();
  work();
  return std::chrono::duration_cast<milliseconds>(steady_clock::now() - began);
}

}  // namespace kata::test
