// SPDX-License-Identifier: Apache-2.0
//
// Kata's ladder: scan hard when a VM has just started, then less and less, then hand KSM back.
// Values in, values out: no clock and no file.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace kata::ksm {

enum class Rung : std::int32_t {
  kInitial = 1,  // nothing written yet; running VMs get a round after a while
  kAggressive,
  kStandard,
  kSlow,
  kRest,   // the host's own settings, until the next look
  kHost,   // the host's own settings, until the next boost
  kAside,  // somebody else changed ours: hands off
};

struct Pace {                 // of ksmd on one rung
  std::uint64_t divisor = 1;  // pages_to_scan = anonymous pages / divisor
  std::uint64_t sleep_ms = 0;
};

struct LadderSettings {
  std::chrono::seconds initial{120}, aggressive{30}, standard{120}, slow{120};
  Pace aggressive_pace{10, 1}, standard_pace{100, 10}, slow_pace{500, 100};
};

struct LadderStep {
  Rung rung = Rung::kHost;
  std::optional<std::chrono::seconds> next{};  // nothing: not until the next boost
};

LadderStep ladder_start(const LadderSettings& settings);
LadderStep ladder_boost(const LadderSettings& settings);
LadderStep ladder_down(const LadderSettings& settings, Rung from);

const Pace& pace_of(const LadderSettings& settings, Rung rung);
const char* name_of(Rung rung);

}  // namespace kata::ksm
