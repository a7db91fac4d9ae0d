// SPDX-License-Identifier: Apache-2.0
#include "bench/agent/samples.h"

#include <algorithm>
#include <cstdio>

namespace kata::bench {

double microseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

double Samples::quantile(double part) const {
  std::vector<double> values = values_;
  const auto rank = static_cast<std::size_t>(part * static_cast<double>(values.size() - 1));
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

std::string Samples::summary() const {
  const bool slow = median() >= 1000;
  const double unit = slow ? 1000 : 1;
  char text[128];
  std::snprintf(text, sizeof text, "n %zu: min %.2f, p50 %.2f, p99 %.2f %s", count(),
                least() / unit, median() / unit, quantile(0.99) / unit, slow ? "ms" : "us");
  return text;
}

double median(std::vector<double> values) {
  Samples samples;
  for (const double value : values) samples.add(value);
  return samples.median();
}

}  // namespace kata::bench
