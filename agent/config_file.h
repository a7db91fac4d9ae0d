// SPDX-License-Identifier: Apache-2.0
//
// The agent's configuration file: the part of TOML that flat settings need. Bare keys, strings on
// one line, whole numbers, booleans, and tables of these for the time-outs ({secs = 3, nanos = 0}).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config.h"
#include "kata/result.h"

namespace kata::agent {

struct FileSetting {
  std::string key{};    // "hotplug_timeout.secs" in a table
  std::string value{};  // of a string: without its quotes
  int line = 0;
};

// Anything else of TOML, and anything that is no TOML, is an error that names the line.
Result<std::vector<FileSetting>> parse_config_file(std::string_view text);

// Applies it. A file that cannot be read or parsed is an error and changes nothing; a key that is
// not known and a value that makes no sense are warnings.
Result<std::vector<std::string>> apply_config_file(const std::filesystem::path& file,
                                                   AgentConfig& config);

}  // namespace kata::agent
