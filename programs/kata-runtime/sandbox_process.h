// SPDX-License-Identifier: Apache-2.0
//
// A sandbox as the runtime sees it: one kata-proxy process, started and ended here.
#pragma once

#include <chrono>
#include <string>

#include "core/config/config.h"
#include "kata/child_process.h"
#include "kata/result.h"
#include "kata/unique_fd.h"
#include "programs/kata-runtime/globals.h"
#include "programs/kata-runtime/interruption.h"

namespace kata::runtime {

// Starts the proxy of the sandbox whose record is written, and waits until the VM runs and its
// agent answers. Returns with an error as soon as the proxy says so, dies, or the time is over. The
// sandbox's lock goes to the proxy, until the record names it: nobody can delete the one without
// seeing the other.
Result<ChildProcess> start_sandbox(const Globals& globals, const std::string& sandbox_id,
                                   const config::Config& config, UniqueFd lock,
                                   Interruption& interruption);

// Takes down what there is of a sandbox: asks its proxy, which gives the guest `patience` to end by
// itself; kills a proxy that does not obey; has the plugins clean up after a dead one. A damaged
// record hides nothing. Idempotent. Leaves the record and its directory.
Result<void> end_sandbox(const Globals& globals, const std::string& sandbox_id,
                         std::chrono::milliseconds patience);

}  // namespace kata::runtime
