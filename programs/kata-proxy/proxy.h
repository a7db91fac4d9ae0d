// SPDX-License-Identifier: Apache-2.0
//
// The life of one sandbox, from its record on disk to its end.
#pragma once

#include "kata/unique_fd.h"
#include "programs/kata-proxy/options.h"

namespace kata::proxy {

// Writes itself into the record and lets go of `lock`, brings the sandbox up, reports on `ready`,
// serves until it is taken down. The exit code: 0 when that was asked for, 1 when the start or the
// sandbox failed.
int run(const Options& options, UniqueFd ready, UniqueFd lock);

}  // namespace kata::proxy
