// SPDX-License-Identifier: Apache-2.0
//
// How long calls take: one request again and again, several under way at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kata/result.h"
#include "programs/kata-agent-ctl/link.h"

namespace kata::agentctl {

struct BenchSettings {
  std::uint64_t count = 1000;            // calls
  std::chrono::nanoseconds duration{0};  // not 0: instead of count
  std::uint64_t concurrency = 1;         // calls under way at a time, in all
  std::uint64_t connections = 1;
  std::uint64_t warmup = 10;  // calls that do not count
};

struct BenchCall {
  std::string_view service, method;
  std::string payload{};
  std::chrono::nanoseconds timeout{0};
};

// Nanoseconds. Percentiles are by nearest rank: p99 is the smallest measured time that at least
// 99 % of all do not exceed.
struct LatencySummary {
  std::uint64_t min = 0, mean = 0, p50 = 0, p90 = 0, p99 = 0, max = 0;
};
LatencySummary summarise(std::vector<std::uint64_t>& nanoseconds);

struct BenchResult {
  std::vector<std::uint64_t> nanoseconds{};         // of calls that succeeded
  std::map<std::string, std::uint64_t> failures{};  // by status
  std::chrono::nanoseconds elapsed{0};
  int exit_code = 0;  // of the first call that failed
};

// Ends early when the connection is lost, or at SIGINT with what there is so far.
Result<BenchResult> run_bench(const Link& link, const BenchCall& call,
                              const BenchSettings& settings);

std::string bench_text(BenchResult result);
std::string bench_json(BenchResult result, std::string_view method, const BenchSettings& settings);

}  // namespace kata::agentctl
