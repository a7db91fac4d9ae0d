// SPDX-License-Identifier: Apache-2.0
//
// `kata-ksm-throttler run`: the clock of a memory_dedup plugin. One thread; without a tick to come
// it only waits for a kick or a signal.
#pragma once

#include "kata/result.h"
#include "programs/kata-ksm-throttler/options.h"

namespace kata::throttler {

// Returns after SIGTERM or SIGINT, with the host's settings restored.
Result<void> run_daemon(const Options& options);

}  // namespace kata::throttler
