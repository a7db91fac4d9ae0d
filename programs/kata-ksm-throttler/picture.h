// SPDX-License-Identifier: Apache-2.0
//
// Saved memory over time, as one line of bars for a terminal.
#pragma once

#include <span>
#include <string>

#include "programs/kata-ksm-throttler/history.h"

namespace kata::throttler {

// Two lines, each with its line break; empty when there is nothing to see. `points` are in order of
// time, and each holds until the next.
std::string picture_of(std::span<const SavedMemory> points);

}  // namespace kata::throttler
