// SPDX-License-Identifier: Apache-2.0
//
// A plugin's own configuration keys against its field table.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/config/config.h"
#include "kata/plugin/descriptor.h"
#include "kata/result.h"

namespace kata::plugin_host {

// The table itself: known types, defaults of that type, no name twice.
Result<void> check_field_table(std::span<const plugin::ConfigField> fields);

// The JSON object that create() gets: keys known and of the right type, defaults filled in. `table`
// is "hypervisor.acme", for messages; `also_known` are keys that are right in that table but not
// the plugin's, for "did you mean".
Result<std::string> check_keys(const config::PluginChoice& choice, std::string_view table,
                               std::span<const plugin::ConfigField> fields,
                               std::span<const std::string_view> also_known);

// The table as commented TOML: "# doc" above "key = default".
std::string fields_as_toml(const plugin::Descriptor& descriptor, std::string_view table);

}  // namespace kata::plugin_host
