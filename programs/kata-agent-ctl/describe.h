// SPDX-License-Identifier: Apache-2.0
//
// The methods and their messages, to be read by people, or as JSON by scripts.
#pragma once

#include <string>

#include "programs/kata-agent-ctl/render.h"
#include "programs/kata-agent-ctl/schema.h"

namespace kata::agentctl {

std::string list_methods(const Schema& schema, Output output);

// The request's and the reply's fields, with those of every message within them once.
std::string describe_method(const Method& method, Output output);

}  // namespace kata::agentctl
