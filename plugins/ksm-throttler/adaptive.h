// SPDX-License-Identifier: Apache-2.0
//
// The policy `adaptive`: scan as long as it pays. It scans in bursts. A burst ends when the last
// passes of ksmd over all memory gained nothing; then the host rests, twice as long after each
// burst without a gain, and at last until the next boost.
// Values in, values out: no clock and no file.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "ladder.h"

namespace kata::ksm {

struct AdaptiveSettings {
  std::chrono::milliseconds sample{100};
  std::chrono::seconds rest{10};    // after the first burst without a gain
  std::chrono::seconds quiet{120};  // so long without a gain is enough
  std::uint64_t least_pages_per_cpu_second = 1000;
  std::uint64_t most_cpu_pressure_percent = 25;
};

struct Sample {
  std::chrono::steady_clock::time_point at{};
  std::uint64_t pages_saved = 0, full_scans = 0;
  std::optional<std::int64_t> general_profit{};         // bytes; Linux 6.4
  std::optional<std::chrono::milliseconds> ksmd_cpu{};  // since boot
  std::optional<double> cpu_pressure{};                 // PSI "some avg10", percent
};

struct AdaptiveState {
  Rung rung = Rung::kHost;
  Sample last{};                                      // of this burst
  std::chrono::steady_clock::time_point last_gain{};  // or boost
  std::uint64_t scans_at_last_gain = 0;               // or at the burst's begin
  std::uint64_t passes = 0;                           // without a gain that end the burst
  std::chrono::seconds rest{};                        // the next one
};

AdaptiveState adaptive_begin(const AdaptiveSettings& settings, const Sample& sample);

// The rung of the next period; kHost when scanning no longer pays.
AdaptiveState adaptive_step(const AdaptiveSettings& settings, const AdaptiveState& state,
                            const Sample& sample);

// When the next period ends; nothing on kHost.
std::optional<std::chrono::milliseconds> adaptive_period(const AdaptiveSettings& settings,
                                                         const AdaptiveState& state);

}  // namespace kata::ksm
