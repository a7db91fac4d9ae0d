// SPDX-License-Identifier: Apache-2.0
//
// The words behind an RPC's name → its request. Each is JSON ("{…}", "json://{…}", "@FILE",
// "file://FILE", "-" for stdin) or path=value (assign.h); later ones add to, or win over, earlier
// ones.
//
// Besides the request's own fields there are names for what is no field: cid and sid for
// container_id and sandbox_id everywhere, and those of special_keys().
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kata/result.h"
#include "programs/kata-agent-ctl/schema.h"
#include "programs/kata-agent-ctl/words.h"

namespace kata::agentctl {

struct SpecialKey {
  std::string_view method{}, key{}, meaning{};
};
std::span<const SpecialKey> special_keys();

// `warnings` get what the conversion of a config.json could not honour.
Result<void> apply_arguments(const Words& words, Message& request, const Method& method,
                             std::vector<std::string>& warnings);

}  // namespace kata::agentctl
