// SPDX-License-Identifier: Apache-2.0
//
// The command line of kata-ksm-throttler.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "kata/result.h"

namespace kata::throttler {

struct Options {
  std::string message{};  // --help or --version: print this and do nothing else
  std::string verb{};     // run, kick, status or metrics
  std::optional<std::filesystem::path> config{};
  std::optional<std::filesystem::path> run_directory{};  // else the configuration's
  std::filesystem::path watch{};                         // new entries kick; empty: none
};

Result<Options> parse_options(int argc, const char* const* argv);

}  // namespace kata::throttler
