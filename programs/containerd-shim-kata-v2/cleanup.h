// SPDX-License-Identifier: Apache-2.0
//
// The verb `delete`: containerd calls it in the bundle after the connection to the shim has gone,
// after every task. Most of the time there is nothing left to do.
#pragma once

#include <filesystem>
#include <string>

#include "kata/result.h"
#include "programs/containerd-shim-kata-v2/options.h"
#include "sandbox/store.h"

namespace kata::shim_v2 {

// Cleans up what a dead shim left of this container: its sandbox if it is the container's own, the
// rootfs, the records. What belongs to another bundle, or to a shim that serves others, stays.
Result<void> clean_up(const sandbox::Store& store, const Options& options,
                      const std::filesystem::path& bundle);

// A DeleteResponse for containerd's events: killed, now.
std::string cleanup_response(std::uint32_t pid);

// The verb. Prints the response, whatever could not be cleaned: that is an error on stderr.
int run_delete(const Options& options);

}  // namespace kata::shim_v2
