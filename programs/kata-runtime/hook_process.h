// SPDX-License-Identifier: Apache-2.0
//
// One hook as a process: its input, its time and what it says when it fails.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "kata/result.h"

namespace kata::runtime {

struct HookRequest {
  std::string path{};
  std::vector<std::string> args{};         // args[0] is the name it sees; empty: the path
  std::vector<std::string> environment{};  // all of it
  std::chrono::seconds timeout{};          // 0: none
  std::filesystem::path netns{};           // empty: this program's
  std::string input{};                     // its standard input
  bool (*interrupted)() = nullptr;         // asked now and then; true: kill it. Null: never
};

// Until it has ended with code 0. Else an error that says how it ended, with the last line it
// printed. Its process group is killed at the timeout, and on an interruption (kCancelled).
Result<void> run_hook(const HookRequest& request);

}  // namespace kata::runtime
