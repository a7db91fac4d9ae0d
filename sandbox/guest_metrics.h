// SPDX-License-Identifier: Apache-2.0
//
// What a guest's agent says of itself, for who collects metrics. The guest is hostile: one
// malformed line would make a collector drop all of a sandbox's metrics, and a made-up name could
// pass for one of the host's.
#pragma once

#include <string>
#include <string_view>

namespace kata::sandbox {

// The lines of `text` that are well formed in Prometheus' text format 0.0.4 and belong to families
// named kata_agent_… or kata_guest_…; the others are left out. Printable ASCII and line ends only.
std::string guest_metrics(std::string_view text);

}  // namespace kata::sandbox
