// SPDX-License-Identifier: Apache-2.0
//
// What a request lacks and nobody wants to type: ids, a signal, the time, the size of a terminal.
#pragma once

#include <string>
#include <vector>

#include "programs/kata-agent-ctl/schema.h"

namespace kata::agentctl {

// The ids of this session: those given last, or made.
struct SessionIds {
  std::string container_id{}, sandbox_id{};
};

// 64 hexadecimal digits, as engines make them.
std::string generate_id();

// Fills empty fields. CreateContainer, CreateSandbox and ExecProcess get new ids; other requests
// the session's container. Returns "container_id=…" for each id that was made.
std::vector<std::string> fill_auto_values(const Method& method, Message& request,
                                          SessionIds& session);

// Keeps the ids that a request names.
void remember_ids(const Message& request, SessionIds& session);

}  // namespace kata::agentctl
