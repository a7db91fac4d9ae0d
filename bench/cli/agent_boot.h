// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace kata::bench {

// By the guest's clock, since the agent's first instruction.
struct AgentBoot {
  double answer_us = 0;    // the first reply to Health.Check has left
  double complete_us = 0;  // all is set up
};

// What the agent's log says, which is on the guest's console. Fails when it does not say it.
AgentBoot agent_boot(const std::filesystem::path& console_log);

}  // namespace kata::bench
