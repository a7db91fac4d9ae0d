// SPDX-License-Identifier: Apache-2.0
//
// The keys that Kata's own documentation knows, by table. A plugin's keys are in its field table
// and not here.
#pragma once

#include <span>
#include <string_view>

namespace kata::config {

// "[hypervisor.<name>]" keys that the composition reads; suggestions for mistyped plugin keys use
// them too.
std::span<const std::string_view> composition_keys();

// Keys that Kata documents and we do not implement yet. `table` is "hypervisor", "agent",
// "runtime" or "factory"; every key of the 1.x tables "proxy", "shim" and "netmon" is one.
std::span<const std::string_view> not_implemented_keys(std::string_view table);
bool is_not_implemented(std::string_view table, std::string_view key);

}  // namespace kata::config
