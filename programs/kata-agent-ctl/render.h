// SPDX-License-Identifier: Apache-2.0
//
// A reply, for a reader: text as it is, a list as a table, anything else one line a field. Replies
// are the guest's words: what reaches a terminal has no control characters.
#pragma once

#include <string>
#include <string_view>

#include "kata/result.h"
#include "programs/kata-agent-ctl/schema.h"

namespace kata::agentctl {

enum class Output { kText = 1, kJson };

// "text" or "json".
Result<Output> parse_output(std::string_view text);

// With a line end, unless it is the guest's own bytes. `terminal`: control characters but line end
// and tab become '?'; so they do in tables always.
std::string render_text(const Message& reply, bool terminal);

// One line of protobuf's JSON, with the names of the .proto files and all fields.
std::string render_json(const Message& reply);

// {"error":{"code":5,"status":"NOT_FOUND","message":"…"}}
std::string render_json_error(const Error& error);

// "NOT_FOUND", of the code that the agent sent.
std::string status_name(int code);

std::string printable(std::string_view text, std::string_view but = "");

}  // namespace kata::agentctl
