// SPDX-License-Identifier: Apache-2.0
//
// The effective configuration for people: `kata-runtime config`.
#pragma once

#include <string>
#include <string_view>

#include "core/config/config.h"

namespace kata::config {

// TOML that loads to the same configuration; each line ends in the value's origin,
// "# /etc/kata-containers/configuration.toml:12" or "# default".
std::string print_effective(const Config& config);

// One JSON value as TOML.
std::string toml_of_json(std::string_view json);

}  // namespace kata::config
