// SPDX-License-Identifier: Apache-2.0
//
// What may follow on a line, for the program's own shell and for those that completion_script() is
// for; these ask with the hidden command __complete.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kata/result.h"
#include "programs/kata-agent-ctl/schema.h"
#include "programs/kata-agent-ctl/words.h"

namespace kata::agentctl {

// Whole words that begin with `current`. One that ends with '=' or '.' goes on. `before`: the
// line's words up to there, without the program's name.
std::vector<std::string> complete(const Schema& schema, const Words& before,
                                  const std::string& current);

// For bash, zsh or fish.
Result<std::string_view> completion_script(std::string_view shell);

}  // namespace kata::agentctl
