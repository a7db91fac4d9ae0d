// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <nlohmann/json.hpp>
#include <numeric>

#include "kata/concat.h"
#include "programs/kata-agent-ctl/bench.h"
#include "programs/kata-runtime/text_table.h"

namespace kata::agentctl {

namespace {

constexpr double kMicrosecond = 1e3, kSecond = 1e9;

std::string decimals(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string microseconds(std::uint64_t nanoseconds) {
  return decimals(static_cast<double>(nanoseconds) / kMicrosecond, 1);
}

double seconds(std::chrono::nanoseconds time) {
  return static_cast<double>(time.count()) / kSecond;
}

double calls_a_second(const BenchResult& result) {
  const double elapsed = seconds(result.elapsed);
  return elapsed > 0 ? static_cast<double>(result.nanoseconds.size()) / elapsed : 0;
}

std::uint64_t failed_calls(const BenchResult& result) {
  return std::accumulate(
      result.failures.begin(), result.failures.end(), std::uint64_t{0},
      [](std::uint64_t sum, const auto& failure) { return sum + failure.second; });
}

}  // namespace

std::string bench_text(BenchResult result) {
  const LatencySummary times = summarise(result.nanoseconds);
  std::string text = runtime::text_table(
      {{"CALLS", true},
       {"FAILED", true},
       {"SECONDS", true},
       {"CALLS/S", true},
       {"MIN", true},
       {"MEAN", true},
       {"P50", true},
       {"P90", true},
       {"P99", true},
       {"MAX", true},
       {"UNIT"}},
      {{std::to_string(result.nanoseconds.size()), std::to_string(failed_calls(result)),
        decimals(seconds(result.elapsed), 3), decimals(calls_a_second(result), 0),
        microseconds(times.min), microseconds(times.mean), microseconds(times.p50),
        microseconds(times.p90), microseconds(times.p99), microseconds(times.max), "us"}});
  for (const auto& [status, count] : result.failures)
    text += concat("failed with ", status, ": ", count, "\n");
  return text;
}

std::string bench_json(BenchResult result, std::string_view method, const BenchSettings& settings) {
  const LatencySummary times = summarise(result.nanoseconds);
  const nlohmann::json document = {
      {"method", method},
      {"calls", result.nanoseconds.size()},
      {"failed", failed_calls(result)},
      {"failures", nlohmann::json(result.failures)},
      {"concurrency", settings.concurrency},
      {"connections", std::min(settings.connections, settings.concurrency)},
      {"seconds", seconds(result.elapsed)},
      {"calls_per_second", calls_a_second(result)},
      {"latency_ns",
       {{"min", times.min},
        {"mean", times.mean},
        {"p50", times.p50},
        {"p90", times.p90},
        {"p99", times.p99},
        {"max", times.max}}}};
  return document.dump() + "\n";
}

}  // namespace kata::agentctl
