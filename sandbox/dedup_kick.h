// SPDX-License-Identifier: Apache-2.0
//
// Tells the host's memory_dedup daemon that a VM has come or gone. Best effort: one connect and one
// send that never wait, and no reply is read. Without a daemon nothing happens.
#pragma once

#include "core/config/config.h"

namespace kata::sandbox {

void kick_memory_dedup(const config::Config& config);

}  // namespace kata::sandbox
