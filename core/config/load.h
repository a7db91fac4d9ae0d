// SPDX-License-Identifier: Apache-2.0
//
// configuration.toml and its drop-ins → Config. The only user of TOML++.
#pragma once

#include <filesystem>
#include <optional>

#include "core/config/config.h"
#include "kata/result.h"

namespace kata::config {

// Search order: `explicit_path` (--config), the variable KATA_CONF_FILE (only a shipped default
// location is accepted), /etc/kata-containers/configuration.toml, and
// share/defaults/kata-containers/configuration.toml below the prefix that the program is installed
// in, /usr and /usr/local. The file, its config.d/ and each drop-in must belong to root and not be
// writable by others.
Result<std::filesystem::path> find_config_file(
    const std::optional<std::filesystem::path>& explicit_path);

// "/opt/kata" for a program in its bin/ or libexec/kata-containers/; empty for one elsewhere.
std::filesystem::path installed_prefix(const std::filesystem::path& program);

// Parses `main_file` and `config.d/*.toml` beside the resolved file, in alphabetical order: tables
// merge, scalars and arrays are replaced. An unknown key, a wrong type or a bad value is an error
// "file:line:column: key '…': …" with the nearest known key and the remedy.
Result<Config> load_config(const std::filesystem::path& main_file);

}  // namespace kata::config
