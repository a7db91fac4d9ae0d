// SPDX-License-Identifier: Apache-2.0
//
// The host's TSC frequency. Under TCG the guest's TSC runs at the host's rate, and a guest kernel
// that is told the rate (tsc_early_khz=) need not calibrate it against emulated timers that jitter.
#pragma once

#include <cstdint>

namespace kata::qemu {

struct TscSample {
  std::uint64_t ticks = 0, monotonic_raw_ns = 0;
};

TscSample sample_tsc();

// From two samples at least 1 ms apart; 0 when they cannot be trusted (too close, or a rate that no
// CPU has).
std::uint64_t tsc_khz_between(const TscSample& earlier, const TscSample& later);

// Samples until `earlier` is far enough in the past, a few milliseconds at most. 0: not an x86, or
// not trusted.
std::uint64_t measure_tsc_khz(const TscSample& earlier);

}  // namespace kata::qemu
