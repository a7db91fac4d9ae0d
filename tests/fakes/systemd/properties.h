// SPDX-License-Identifier: Apache-2.0
//
// The properties of a transient scope as systemd 252 checks them: a name that it does not know, a
// type that is not the property's and a value that it would not take are refused in its words.
#pragma once

#include <systemd/sd-bus.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace kata::fakes {

struct ScopeProperties {
  std::map<std::string, std::string> values{};  // by name, as text
  std::vector<std::uint32_t> pids{};
};

// Reads the array a(sv) that comes next in `call`. Negative with `error` set when one is refused.
int read_scope_properties(sd_bus_message* call, ScopeProperties& properties, sd_bus_error* error);

}  // namespace kata::fakes
