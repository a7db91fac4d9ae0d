// SPDX-License-Identifier: Apache-2.0
//
// [shared_filesystem.virtiofs] as values.
#pragma once

#include <cstdint>
#include <string_view>

#include "daemon_flavour.h"
#include "kata/result.h"

namespace kata::virtiofs {

struct Settings {
  DaemonSettings daemon{};  // .daemon empty: find it
  std::uint32_t queue_size = 1024;
};

// `config_json` is already checked against the field table: names and types are right, values may
// not be.
Result<Settings> parse_settings(std::string_view config_json);

// The configured daemon, or the first of the places where distributions put it.
Result<std::filesystem::path> find_daemon(const std::filesystem::path& configured);

}  // namespace kata::virtiofs
