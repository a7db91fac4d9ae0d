// SPDX-License-Identifier: Apache-2.0
//
// A socket that becomes readable when something in a network namespace changed. What changed is not
// read from it: a scan tells.
#pragma once

#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::tap {

// Of the calling thread's namespace: links, addresses, routes. Does not block.
Result<UniqueFd> open_watch();

// Forgets what has arrived. Bounded: after a flood the socket stays readable.
void drain_watch(const UniqueFd& watch);

}  // namespace kata::tap
