// SPDX-License-Identifier: Apache-2.0
//
// Which process of a sandbox under containerd is killed, and when: at points of the calls of its
// life. KATA_TEST_KILL_POINTS=all plays each point with each victim, and any other text those whose
// name() contains it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace kata::test {

struct Victim {
  const char* name;
  const char* process;  // its name begins so
  int signal;
};

// The agent's end is that of its guest: the fake VM takes SIGUSR1 for it.
std::vector<Victim> victims_with_fake_vm();

struct KillPoint {
  const char* phase;
  int percent;  // of the time that the phase takes undisturbed
};

struct KillRow {
  KillPoint point;
  Victim victim;
};
std::string name(const KillRow& row);

// The rows to play: all of the points, each with every victim or with the next one.
std::vector<KillRow> kill_rows(const std::vector<KillPoint>& points,
                               const std::vector<Victim>& victims);

// Plays each row, a little earlier again when its victim was not there any more; most must be
// there. `taken`: the time of each phase; `play`: whether it killed the victim that long after the
// beginning of the row's phase.
void play_all(const std::vector<KillRow>& rows,
              const std::map<std::string, std::chrono::milliseconds>& taken,
              const std::function<bool(const KillRow&, std::chrono::milliseconds)>& play);

// Kills the victim when `delay` is over and it is there; false: `over` was true before that.
bool kill_at(const Victim& victim, std::chrono::milliseconds delay,
             const std::function<std::vector<std::string>()>& processes,
             const std::function<bool()>& over);

// The time that it takes.
std::chrono::milliseconds time_of(const std::function<void()>& work);

}  // namespace kata::test
