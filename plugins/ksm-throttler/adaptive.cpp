// SPDX-License-Identifier: Apache-2.0
#include "adaptive.h"

#include <algorithm>

namespace kata::ksm {

namespace {

// ksmd merges a page only when a second pass finds it unchanged, and the pass that runs when a
// burst begins sees a part of memory only. Memory that earlier passes have seen needs one less.
constexpr std::uint64_t kPassesOverNewMemory = 3, kPassesOverKnownMemory = 2;

std::uint64_t gained(const Sample& before, const Sample& now) {
  return now.pages_saved > before.pages_saved ? now.pages_saved - before.pages_saved : 0;
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

Rung pace_under(const AdaptiveSettings& settings, const Sample& now) {
  return pressed(settings, now) ? Rung::kSlow : Rung::kAggressive;
}

AdaptiveState begin_burst(const AdaptiveSettings& settings, AdaptiveState state,
                          const Sample& sample, std::uint64_t passes) {
  state.passes = passes;
  state.rung = pace_under(settings, sample);
  state.last = sample;
  state.scans_at_last_gain = sample.full_scans;
  return state;
}

// Rests, unless the rest would outlast the time that is quiet enough.
AdaptiveState end_burst(const AdaptiveSettings& settings, AdaptiveState state, const Sample& now) {
  const bool enough = now.at - state.last_gain + state.rest >= settings.quiet;
  state.rung = enough ? Rung::kHost : Rung::kRest;
  return state;
}

}  // namespace

AdaptiveState adaptive_begin(const AdaptiveSettings& settings, const Sample& sample) {
  AdaptiveState state;
  state.last_gain = sample.at;
  state.rest = settings.rest;
  return begin_burst(settings, state, sample, kPassesOverNewMemory);
}

AdaptiveState adaptive_step(const AdaptiveSettings& settings, const AdaptiveState& state,
                            const Sample& sample) {
  AdaptiveState next = state;
  if (state.rung == Rung::kRest) {
    next.rest *= 2;
    return begin_burst(settings, next, sample, kPassesOverKnownMemory);
  }
  if (pays(settings, state.last, sample)) {
    next.last_gain = sample.at;
    next.scans_at_last_gain = sample.full_scans;
    next.rest = settings.rest;
    next.passes = kPassesOverKnownMemory;
  } else if (sample.full_scans >= state.scans_at_last_gain + state.passes ||
             sample.at - state.last_gain >= settings.quiet) {
    return end_burst(settings, next, sample);
  }
  next.last = sample;
  next.rung = pace_under(settings, sample);
  return next;
}

std::optional<std::chrono::milliseconds> adaptive_period(const AdaptiveSettings& settings,
                                                         const AdaptiveState& state) {
  if (state.rung == Rung::kHost) return std::nullopt;
  return state.rung == Rung::kRest ? std::chrono::milliseconds(state.rest) : settings.sample;
}

}  // namespace kata::ksm
