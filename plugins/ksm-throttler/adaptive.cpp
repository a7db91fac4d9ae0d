// SPDX-License-Identifier: Apache-2.0
#include "adaptive.h"

#include <algorithm>

namespace kata::ksm {

namespace {

// ksmd merges a page only when a second pass finds it unchanged; the pass that runs when a VM
// comes has seen a part of it only.
constexpr std::uint64_t kPassesWithoutGain = 3;

std::uint64_t gained(const Sample& before, const Sample& now) {
  return now.pages_sharing > before.pages_sharing ? now.pages_sharing - before.pages_sharing : 0;
}

// Merging can cost more in the kernel's bookkeeping than it saves.
bool profit_fell(const Sample& before, const Sample& now) {
  return before.general_profit && now.general_profit &&
         *now.general_profit < *before.general_profit;
}

// Where ksmd's CPU time cannot be read, the time that passed stands for it.
std::chrono::milliseconds cost(const Sample& before, const Sample& now) {
  using std::chrono::milliseconds;
  const auto passed = std::chrono::duration_cast<milliseconds>(now.at - before.at);
  const auto spent = before.ksmd_cpu && now.ksmd_cpu ? *now.ksmd_cpu - *before.ksmd_cpu : passed;
  return std::max(spent, milliseconds(1));
}

bool pays(const AdaptiveSettings& settings, const Sample& before, const Sample& now) {
  const auto pages = static_cast<double>(gained(before, now));
  const double seconds = static_cast<double>(cost(before, now).count()) / 1000.0;
  return pages > 0 && !profit_fell(before, now) &&
         pages >= static_cast<double>(settings.least_pages_per_cpu_second) * seconds;
}

bool pressed(const AdaptiveSettings& settings, const Sample& now) {
  return now.cpu_pressure &&
         *now.cpu_pressure > static_cast<double>(settings.most_cpu_pressure_percent);
}

bool hopeless(const AdaptiveSettings& settings, const AdaptiveState& state, const Sample& now) {
  return now.full_scans >= state.scans_at_last_gain + kPassesWithoutGain ||
         now.at - state.last_gain >= settings.quiet;
}

}  // namespace

AdaptiveState adaptive_begin(const Sample& sample, Rung rung) {
  return {rung, sample, sample.at, sample.full_scans};
}

AdaptiveState adaptive_step(const AdaptiveSettings& settings, const AdaptiveState& state,
                            const Sample& sample) {
  AdaptiveState next = state;
  next.last = sample;
  if (pays(settings, state.last, sample)) {
    next.last_gain = sample.at;
    next.scans_at_last_gain = sample.full_scans;
    next.rung = Rung::kAggressive;
  } else if (hopeless(settings, state, sample)) {
    next.rung = Rung::kHost;
    return next;
  }
  if (pressed(settings, sample)) next.rung = Rung::kSlow;
  return next;
}

}  // namespace kata::ksm
