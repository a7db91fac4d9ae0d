// SPDX-License-Identifier: Apache-2.0
//
// Asleep, the daemon is another program: kata-ksm-throttler-asleep, which has neither plugin nor
// C++ library, holds the descriptors and waits. It takes the daemon's place, and the daemon its, by
// execve(2), so the pid stays. What the daemon knows waits in a memory file.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::throttler {

struct Handover {
  UniqueFd lock{}, listener{};
  UniqueFd watch{};      // none: no directory is watched
  std::string memory{};  // the daemon's own words to itself
};

// What the daemon that fell asleep left; nothing on a first start. Takes it out of the environment.
Result<std::optional<Handover>> take_handover();

// Becomes kata-ksm-throttler-asleep, which becomes `argv` again when a descriptor is readable, and
// on SIGTERM or SIGINT removes `socket` and ends. Returns only when that failed, and why.
Error fall_asleep(const Handover& handover, const std::filesystem::path& socket,
                  const std::vector<std::string>& argv);

}  // namespace kata::throttler
