// SPDX-License-Identifier: Apache-2.0
//
// Wrong answers of an agent, for any of its methods.
#pragma once

#include <span>
#include <string>

#include "tests/component/task-api/hostile_agent.h"

namespace kata::test {

struct NamedAttack {
  const char* name;
  HostileAgent::Answer (*attack)(std::uint32_t stream_id);
  bool silent = false;  // the call is never answered, so it costs its time limit
  bool large = false;
};

std::span<const NamedAttack> attacks();

// A frame of type "response" around any bytes, and one around a reply with this payload.
std::string response_frame(std::uint32_t stream_id, const std::string& bytes);
std::string ok_frame(std::uint32_t stream_id, const std::string& payload);
std::string error_frame(std::uint32_t stream_id, std::int32_t code, const std::string& text);

}  // namespace kata::test
