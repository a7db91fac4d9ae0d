// SPDX-License-Identifier: Apache-2.0
//
// A program on a pseudo-terminal, and a person in front of it: type, then expect a text.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "kata/unique_fd.h"
#include "tests/integration/harness/command.h"

namespace kata::test {

class Terminal {
 public:
  Terminal(const std::vector<std::string>& argv, const CommandOptions& options, unsigned short rows,
           unsigned short columns);
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  void type(const std::string& text) const;
  void resize(unsigned short rows, unsigned short columns) const;

  // Reads until `text` has appeared since the last expect(); false when the time is up. seen() is
  // everything so far.
  bool expect(const std::string& text, std::chrono::seconds timeout = std::chrono::seconds(30));
  const std::string& seen() const noexcept { return seen_; }

  int wait(std::chrono::seconds timeout);

 private:
  void read_some(int timeout_ms);

  UniqueFd master_;
  pid_t pid_ = -1;
  bool reaped_ = false;
  std::string seen_{};
  std::size_t looked_at_ = 0;
};

}  // namespace kata::test
