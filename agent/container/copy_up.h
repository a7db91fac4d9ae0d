// SPDX-License-Identifier: Apache-2.0
//
// "tmpcopyup": what a tmpfs covers is copied into it first.
#pragma once

#include "kata/result.h"

namespace kata::agent {

// Directories, files and links with owner and mode; anything else, and what lies more than 32
// levels deep, is left out. The files are the rootfs', so no link is followed. Without `with_mode`,
// `to` itself keeps the mode that was asked for.
Result<void> copy_up(int from, int to, bool with_mode);

}  // namespace kata::agent
