// SPDX-License-Identifier: Apache-2.0
//
// Finds the agent's word that the debug console's shell has ended in what comes over a serial port,
// wherever reads cut it.
#pragma once

#include <string>
#include <string_view>

namespace kata::sandbox {

class ConsoleEndFinder {
 public:
  // What of the output so far is to be shown now. Nothing after the end.
  std::string take(std::string_view data);
  bool seen() const noexcept { return seen_; }

 private:
  std::string held_{};  // may be the beginning of the end
  bool seen_ = false;
};

}  // namespace kata::sandbox
