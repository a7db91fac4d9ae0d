// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <vector>

#include "adaptive.h"
#include "ladder.h"

using namespace kata::ksm;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("the ladder goes down rung by rung to the host's settings") {
  const LadderSettings settings;
  struct Row {
    LadderStep step{};
    Rung rung{};
    std::optional<seconds> next{};
  };
  const std::vector<Row> table{
      {ladder_start(settings), Rung::kInitial, seconds(120)},
      {ladder_boost(settings), Rung::kAggressive, seconds(30)},
      {ladder_down(settings, Rung::kInitial), Rung::kStandard, seconds(120)},
      {ladder_down(settings, Rung::kAggressive), Rung::kStandard, seconds(120)},
      {ladder_down(settings, Rung::kStandard), Rung::kSlow, seconds(120)},
      {ladder_down(settings, Rung::kSlow), Rung::kHost, std::nullopt},
      {ladder_down(settings, Rung::kHost), Rung::kHost, std::nullopt},
      {ladder_down(settings, Rung::kRest), Rung::kHost, std::nullopt},
      {ladder_down(settings, Rung::kAside), Rung::kAside, std::nullopt},
  };
  for (const Row& row : table) {
    CHECK(row.step.rung == row.rung);
    CHECK(row.step.next == row.next);
  }
}

TEST_CASE("without an initial round the ladder waits for a boost") {
  LadderSettings settings;
  settings.initial = seconds(0);
  CHECK(ladder_start(settings).rung == Rung::kHost);
  CHECK(!ladder_start(settings).next);
}

namespace {

struct Tick {
  int at_s = 0;
  std::uint64_t saved = 0, scans = 0;
  int cpu_ms = 0;
  double pressure = 0;
  Rung expected{};
  std::optional<milliseconds> next{};
};

constexpr milliseconds kSample{100};

Sample sample_of(const Tick& tick) {
  Sample sample;
  sample.at = std::chrono::steady_clock::time_point(seconds(tick.at_s));
  sample.pages_saved = tick.saved;
  sample.full_scans = tick.scans;
  sample.ksmd_cpu = milliseconds(tick.cpu_ms);
  sample.cpu_pressure = tick.pressure;
  return sample;
}

void follow(const std::vector<Tick>& table) {
  AdaptiveState state = adaptive_begin({}, sample_of({}));
  CHECK(state.rung == Rung::kAggressive);
  for (const Tick& tick : table) {
    CAPTURE(tick.at_s);
    state = adaptive_step({}, state, sample_of(tick));
    CHECK(state.rung == tick.expected);
    CHECK(adaptive_period({}, state) == tick.next);
  }
}

Rung rung_after(const Sample& before, const Sample& now) {
  return adaptive_step({}, adaptive_begin({}, before), now).rung;
}

}  // namespace

TEST_CASE("adaptive scans while it pays and rests after two passes without a gain") {
  follow({{5, 0, 1, 1000, 0, Rung::kAggressive, kSample},
          {10, 9000, 2, 2000, 0, Rung::kAggressive, kSample},
          {15, 9000, 3, 3000, 0, Rung::kAggressive, kSample},
          {20, 9000, 4, 4000, 0, Rung::kRest, seconds(10)}});
}

TEST_CASE("memory that no pass has seen gets a third one") {
  follow(
      {{1, 0, 2, 100, 0, Rung::kAggressive, kSample}, {2, 0, 3, 200, 0, Rung::kRest, seconds(10)}});
}

TEST_CASE("each look without a gain doubles the rest until the host's settings return") {
  follow({{1, 0, 3, 100, 0, Rung::kRest, seconds(10)},
          {11, 0, 3, 100, 0, Rung::kAggressive, kSample},
          {12, 0, 5, 200, 0, Rung::kRest, seconds(20)},
          {32, 0, 5, 200, 0, Rung::kAggressive, kSample},
          {33, 0, 7, 300, 0, Rung::kRest, seconds(40)},
          {73, 0, 7, 300, 0, Rung::kAggressive, kSample},
          {74, 0, 9, 400, 0, Rung::kHost, std::nullopt}});
}

TEST_CASE("a look that pays makes the next rest short again") {
  follow({{1, 0, 3, 100, 0, Rung::kRest, seconds(10)},
          {11, 0, 3, 100, 0, Rung::kAggressive, kSample},
          {12, 9000, 5, 200, 0, Rung::kAggressive, kSample},
          {13, 9000, 7, 300, 0, Rung::kRest, seconds(10)}});
}

TEST_CASE("what others merged during a rest is no gain of the next look") {
  follow({{1, 0, 3, 100, 0, Rung::kRest, seconds(10)},
          {11, 50000, 3, 100, 0, Rung::kAggressive, kSample},
          {12, 50000, 5, 200, 0, Rung::kRest, seconds(20)}});
}

TEST_CASE("adaptive ends after the quiet time when no pass ever ends") {
  follow({{60, 0, 0, 1000, 0, Rung::kAggressive, kSample},
          {120, 0, 0, 2000, 0, Rung::kHost, std::nullopt}});
}

TEST_CASE("a gain that costs too much CPU time is none") {
  follow({{5, 999, 3, 1000, 0, Rung::kRest, seconds(10)}});
  follow({{5, 1000, 3, 1000, 0, Rung::kAggressive, kSample}});
}

TEST_CASE("under CPU pressure a scan that pays is slow") {
  follow({{5, 9000, 1, 1000, 80, Rung::kSlow, kSample},
          {10, 19000, 2, 2000, 0, Rung::kAggressive, kSample}});
}

TEST_CASE("merging that lowers the kernel's profit does not pay") {
  Sample before = sample_of({});
  before.general_profit = 0;
  Sample now = sample_of({5, 90000, 3, 100});
  now.general_profit = -4096;
  CHECK(rung_after(before, now) == Rung::kRest);
  now.general_profit = 4096;
  CHECK(rung_after(before, now) == Rung::kAggressive);
}

TEST_CASE("without ksmd's CPU time the time that passed is the cost") {
  Sample before = sample_of({});
  before.ksmd_cpu.reset();
  Sample now = sample_of({5, 4999, 3});
  now.ksmd_cpu.reset();
  CHECK(rung_after(before, now) == Rung::kRest);
  now.pages_saved = 5000;
  CHECK(rung_after(before, now) == Rung::kAggressive);
}
