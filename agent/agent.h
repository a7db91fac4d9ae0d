// SPDX-License-Identifier: Apache-2.0
//
// The running agent: its parts, composed, and the loop that drives them.
#pragma once

#include "agent/config.h"
#include "agent/log_port.h"
#include "kata/result.h"

namespace kata::agent {

// Serves until the host destroys the sandbox or a signal says stop; by then no container is left.
// `is_init`: the agent is the guest's PID 1, with mount_early() done.
// `log_port`, when there is one, is served at config.log_address.
Result<void> run_agent(const AgentConfig& config, bool is_init, LogPort* log_port);

}  // namespace kata::agent
