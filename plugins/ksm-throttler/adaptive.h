// SPDX-License-Identifier: Apache-2.0
//
// The policy `adaptive`: scan as long as it pays. A sample every few seconds says what ksmd gained
// and what that cost. Values in, values out: no clock and no file.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "ladder.h"

namespace kata::ksm {

struct AdaptiveSettings {
  std::chrono::seconds sample{5};
  std::chrono::seconds quiet{120};  // so long without a gain is enough, whatever the scan count
  std::uint64_t least_pages_per_cpu_second = 1000;
  std::uint64_t most_cpu_pressure_percent = 25;
};

struct Sample {
  std::chrono::steady_clock::time_point at{};
  std::uint64_t pages_sharing = 0, full_scans = 0;
  std::optional<std::int64_t> general_profit{};         // bytes; Linux 6.4
  std::optional<std::chrono::milliseconds> ksmd_cpu{};  // since boot
  std::optional<double> cpu_pressure{};                 // PSI "some avg10", percent
};

struct AdaptiveState {
  Rung rung = Rung::kHost;
  Sample last{};
  std::chrono::steady_clock::time_point last_gain{};
  std::uint64_t scans_at_last_gain = 0;
};

AdaptiveState adaptive_begin(const Sample& sample, Rung rung);

// The rung of the next period; kHost when scanning no longer pays.
AdaptiveState adaptive_step(const AdaptiveSettings& settings, const AdaptiveState& state,
                            const Sample& sample);

}  // namespace kata::ksm
