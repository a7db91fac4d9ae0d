// SPDX-License-Identifier: Apache-2.0
//
// The table that a bench ends with: each number with the limit it must keep and the goal beyond it.
// The table goes to stderr for people, one JSON object to stdout for programs.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace kata::bench {

struct Limit {
  enum class Kind { kAtMost, kAtLeast } kind = Kind::kAtMost;
  double must = 0;
  double goal = 0;
};

inline Limit at_most(double must, double goal) { return {Limit::Kind::kAtMost, must, goal}; }
inline Limit at_least(double must, double goal) { return {Limit::Kind::kAtLeast, must, goal}; }

// Nothing to keep, only to reach.
inline Limit goal_at_most(double goal) {
  return at_most(std::numeric_limits<double>::infinity(), goal);
}
inline Limit goal_at_least(double goal) {
  return at_least(-std::numeric_limits<double>::infinity(), goal);
}

struct Row {
  std::string id{};    // "A4"
  std::string what{};  // the number, and against what
  std::string unit{};
  std::optional<double> value{};  // none: the peer is absent
  std::optional<Limit> limit{};   // none: told, not judged
  std::string detail{};
};

class Verdicts {
 public:
  explicit Verdicts(std::string bench) : bench_(std::move(bench)) {}

  void add(Row row) { rows_.push_back(std::move(row)); }

  // Prints both; the program's exit code: 1 when a limit is missed. An absent peer misses nothing,
  // and the table says that it is absent.
  int print() const;

 private:
  std::string bench_;
  std::vector<Row> rows_{};
};

}  // namespace kata::bench
