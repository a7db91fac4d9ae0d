// SPDX-License-Identifier: Apache-2.0
#include "tsc.h"

#include <time.h>

#include <limits>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace kata::qemu {
namespace {

constexpr std::uint64_t kShortestSpanNs = 1'000'000;
constexpr std::uint64_t kWantedSpanNs = 4'000'000;
constexpr std::uint64_t kLowestKhz = 100'000, kHighestKhz = 10'000'000;

std::uint64_t monotonic_raw_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_RAW, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint64_t read_tsc() {
#if defined(__x86_64__)
  return __rdtsc();
#else
  return 0;
#endif
}

}  // namespace

TscSample sample_tsc() {
  // The reading with the least time around it: a preemption between the two clocks would be an
  // error of the whole time slice.
  TscSample best;
  std::uint64_t narrowest = std::numeric_limits<std::uint64_t>::max();
  for (int attempt = 0; attempt < 8; ++attempt) {
    const std::uint64_t before = monotonic_raw_ns();
    const std::uint64_t ticks = read_tsc();
    const std::uint64_t width = monotonic_raw_ns() - before;
    if (width >= narrowest) continue;
    narrowest = width;
    best = {ticks, before + width / 2};
  }
  return best;
}

std::uint64_t tsc_khz_between(const TscSample& earlier, const TscSample& later) {
  if (later.monotonic_raw_ns < earlier.monotonic_raw_ns + kShortestSpanNs) return 0;
  if (later.ticks <= earlier.ticks) return 0;
  const auto ticks = static_cast<long double>(later.ticks - earlier.ticks);
  const auto span = static_cast<long double>(later.monotonic_raw_ns - earlier.monotonic_raw_ns);
  const long double khz = ticks * 1'000'000.0L / span;
  if (khz < kLowestKhz || khz > kHighestKhz) return 0;
  return static_cast<std::uint64_t>(khz + 0.5L);
}

std::uint64_t measure_tsc_khz(const TscSample& earlier) {
  while (monotonic_raw_ns() < earlier.monotonic_raw_ns + kWantedSpanNs) {
  }
  return tsc_khz_between(earlier, sample_tsc());
}

}  // namespace kata::qemu
