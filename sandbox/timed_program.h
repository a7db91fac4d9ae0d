// SPDX-License-Identifier: Apache-2.0
//
// One program of the host from its start to its end, which comes in time or by force: a hook, or
// one that is asked for its version.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "kata/result.h"

namespace kata::sandbox {

struct TimedProgram {
  std::string path{};
  std::vector<std::string> args{};         // args[0] is the name it sees; empty: the path
  std::vector<std::string> environment{};  // all of it
  std::chrono::seconds timeout{};          // 0: none
  std::filesystem::path netns{};           // empty: this program's
  std::string input{};                     // its standard input
  bool (*interrupted)() = nullptr;         // asked now and then; true: kill it. Null: never
  bool errors_too = true;                  // false: what it prints to standard error is dropped
};

struct ProgramEnd {
  int status = 0;      // as waitpid(2) tells it
  std::string said{};  // the last 4 KiB that it printed
};

// Until it has ended. Its process group is killed at the timeout (kTimeout, with the last line it
// printed) and on an interruption (kCancelled).
Result<ProgramEnd> run_timed(const TimedProgram& request);

// Without its newline, control characters as '?'.
std::string last_line(std::string text);

}  // namespace kata::sandbox
