// SPDX-License-Identifier: Apache-2.0
//
// Programs run by a test: stdin given, stdout and stderr collected, a limit on the time. Not for
// daemons' lives: see Background.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace kata::test {

struct CommandResult {
  int exit_code =
      -1;  // 128 + signal when killed; 124 when the time was up (the process is killed then)
  std::string out{}, err{};
};

struct CommandOptions {
  std::string input{};
  std::map<std::string, std::string> environment{};  // added to the test's own
  std::chrono::seconds timeout{60};
};

// Returns when the program has ended, even if a daemon it left behind still holds stdout.
CommandResult run(const std::vector<std::string>& argv, const CommandOptions& options = {});

// A program in the background with its output in files; killed and reaped by the destructor.
class Background {
 public:
  Background(const std::vector<std::string>& argv, const CommandOptions& options,
             const std::string& output_file);
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  pid_t pid() const noexcept { return pid_; }
  int wait(std::chrono::seconds timeout);  // as CommandResult::exit_code

 private:
  pid_t pid_ = -1;
  bool reaped_ = false;
};

// Calls `condition` until it is true or the time is up; says which.
bool eventually(const auto& condition, std::chrono::milliseconds timeout);

void pause_briefly();  // 10 ms: the step of eventually()

bool eventually(const auto& condition, std::chrono::milliseconds timeout) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    pause_briefly();
  }
  return true;
}

}  // namespace kata::test
