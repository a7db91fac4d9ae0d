// SPDX-License-Identifier: Apache-2.0
//
// Every setting of the agent under its two names, and how a value is read.
#pragma once

#include <string_view>

#include "agent/config.h"
#include "kata/result.h"

namespace kata::agent {

struct Setting {
  std::string_view parameter{};  // of the kernel command line; empty: there is none
  std::string_view key{};        // of the configuration file; empty: there is none
  Result<void> (*set)(std::string_view value, AgentConfig& config) = nullptr;
};

// Null when nothing is called so. The settings of parts that this agent is built without are known:
// their values are accepted as long as they do not ask for the part.
const Setting* setting_of_parameter(std::string_view name);
const Setting* setting_of_key(std::string_view name);

// "<name>=<value>: <reason>", the value cut short.
Error refused_setting(std::string_view name, std::string_view value, Error reason);

}  // namespace kata::agent
