// SPDX-License-Identifier: Apache-2.0
//
// `kata-ksm-throttler run`.
#pragma once

#include <string>
#include <vector>

#include "kata/result.h"
#include "programs/kata-ksm-throttler/options.h"

namespace kata::throttler {

// Returns after SIGTERM or SIGINT, with the host's settings restored. `argv` begins with the
// absolute path of this program.
Result<void> run_daemon(const Options& options, const std::vector<std::string>& argv);

}  // namespace kata::throttler
