// SPDX-License-Identifier: Apache-2.0
//
// The program's two ways to speak.
#pragma once

#include <string>
#include <string_view>

#include "kata/result.h"

namespace kata::agentctl {

// To stdout, at once: a reply is seen before the next call is made.
void print(std::string_view text);

// "kata-agent-ctl: …" to stderr, on one line without control characters.
void complain(std::string_view message);

// The message to stderr; returns the exit code.
int refuse(const Error& error, int exit_code);

}  // namespace kata::agentctl
