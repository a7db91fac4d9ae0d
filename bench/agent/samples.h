// SPDX-License-Identifier: Apache-2.0
//
// Times of one kind of action, in microseconds, and what a table says of them.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace kata::bench {

using Clock = std::chrono::steady_clock;

double microseconds_since(Clock::time_point start);

class Samples {
 public:
  void add(double microseconds) { values_.push_back(microseconds); }
  std::size_t count() const { return values_.size(); }

  // The value below which `part` (0 to 1) of the samples lie. Precondition: there are samples.
  double quantile(double part) const;
  double least() const { return quantile(0); }
  double median() const { return quantile(0.5); }

  // "n 200: min 1.2, p50 1.5, p99 3.1 ms"
  std::string summary() const;

 private:
  std::vector<double> values_{};
};

// Microseconds that `action` takes.
template <class Action>
double timed(const Action& action) {
  const auto start = Clock::now();
  action();
  return microseconds_since(start);
}

double median(std::vector<double> values);

}  // namespace kata::bench
