// SPDX-License-Identifier: Apache-2.0
//
// JSON → a message. Protobuf's own JSON, with two liberties: names of fields as find_field() takes
// them, and an unknown one is refused with those that there are.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string_view>

#include "kata/result.h"
#include "programs/kata-agent-ctl/schema.h"

namespace kata::agentctl {

// The document must be an object. `where` is put in front of messages.
Result<nlohmann::json> parse_json_object(std::string_view text, std::string_view where);

// What the document has is merged into the message: lists grow, other fields are replaced.
Result<void> merge_json(nlohmann::json document, Message& message);

}  // namespace kata::agentctl
