// SPDX-License-Identifier: Apache-2.0
//
// The agent's statistics as the JSON that runc's `events` prints. The guest made the numbers and
// the names: they are data here, and JSON's escapes make them harmless.
// https://github.com/opencontainers/runc/blob/v1.1.5/types/events.go
#pragma once

#include <string>

#include "protocol/agent.pb.h"

namespace kata::runtime {

// {"type":"stats","id":"…","data":{…}}, one line without its end. Members that runc leaves out when
// they are 0 are left out.
std::string stats_event(const std::string& id, const grpc::StatsContainerResponse& stats);

std::string oom_event(const std::string& id);

}  // namespace kata::runtime
