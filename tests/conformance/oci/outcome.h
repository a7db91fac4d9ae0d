// SPDX-License-Identifier: Apache-2.0
//
// What became of a row under one runtime, and whether two outcomes are the same.
#pragma once

#include <string>

namespace kata::conformance {

struct Outcome {
  bool started = false;
  int code = -1;        // of the probe: exit code, or 128 + signal
  std::string out{};    // stdout of the probe, then of "after"; names of the run made neutral
  std::string error{};  // stderr, or why it was refused: for people, never compared
};

// Messages of refusals differ between runtimes, so that they were refused is what counts.
inline bool same(const Outcome& one, const Outcome& other) {
  if (!one.started || !other.started) return one.started == other.started;
  return one.code == other.code && one.out == other.out;
}

std::string describe(const Outcome& outcome);  // for a failed check: several lines
std::string summary(const Outcome& outcome);   // for the table: one line

}  // namespace kata::conformance
