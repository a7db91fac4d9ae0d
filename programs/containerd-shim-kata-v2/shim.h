// SPDX-License-Identifier: Apache-2.0
//
// The process that stays: it serves the Task API, and the Sandbox API, for one sandbox until
// containerd dismisses it.
#pragma once

#include <filesystem>

#include "kata/unique_fd.h"
#include "programs/containerd-shim-kata-v2/options.h"

namespace kata::shim_v2 {

inline constexpr const char* kStoreRoot = "/run/kata-containers";

// `listener` is the socket that `start` made, `birth` the shim's end of the pipe to `start`. The
// exit code.
int serve(const Options& options, const Environment& environment, UniqueFd listener,
          UniqueFd birth);

}  // namespace kata::shim_v2
