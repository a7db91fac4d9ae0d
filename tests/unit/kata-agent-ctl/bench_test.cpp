// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-agent-ctl/bench.h"

#include <nlohmann/json.hpp>
#include <numeric>

#include "request.h"

using namespace kata;
using namespace kata::agentctl;

TEST_CASE("percentiles are by nearest rank") {
  std::vector<std::uint64_t> hundred(100);
  std::iota(hundred.rbegin(), hundred.rend(), 1);
  const LatencySummary of_hundred = summarise(hundred);
  CHECK(of_hundred.min == 1);
  CHECK(of_hundred.mean == 50);
  CHECK(of_hundred.p50 == 50);
  CHECK(of_hundred.p90 == 90);
  CHECK(of_hundred.p99 == 99);
  CHECK(of_hundred.max == 100);
  std::vector<std::uint64_t> three = {30, 10, 20};
  const LatencySummary of_three = summarise(three);
  CHECK(of_three.p50 == 20);
  CHECK(of_three.p90 == 30);
  CHECK(of_three.p99 == 30);
  std::vector<std::uint64_t> one = {5};
  CHECK(summarise(one).p50 == 5);
  std::vector<std::uint64_t> none;
  CHECK(summarise(none).max == 0);
}

TEST_CASE("a report has the failures and the rate") {
  BenchResult result;
  result.nanoseconds = {1000, 3000};
  result.failures = {{"NOT_FOUND", 2}, {"INTERNAL", 1}};
  result.elapsed = std::chrono::milliseconds(500);
  const auto document = nlohmann::json::parse(bench_json(result, "Check", {}));
  CHECK(document["method"] == "Check");
  CHECK(document["calls"] == 2);
  CHECK(document["failed"] == 3);
  CHECK(document["failures"]["NOT_FOUND"] == 2);
  CHECK(document["calls_per_second"] == 4.0);
  CHECK(document["latency_ns"]["p50"] == 1000);
  CHECK(document["latency_ns"]["max"] == 3000);
  const std::string text = bench_text(result);
  CHECK(contains(text, "CALLS FAILED SECONDS CALLS/S MIN MEAN P50 P90 P99 MAX UNIT"));
  CHECK(contains(text, "failed with NOT_FOUND: 2\n"));
}
