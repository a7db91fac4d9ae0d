// SPDX-License-Identifier: Apache-2.0
//
// The verbs that ask a running daemon.
#pragma once

#include <string>

#include "kata/result.h"
#include "programs/kata-ksm-throttler/options.h"

namespace kata::throttler {

// What to print.
Result<std::string> ask(const Options& options);

}  // namespace kata::throttler
