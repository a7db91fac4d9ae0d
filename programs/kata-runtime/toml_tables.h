// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace kata::runtime {

// An object of objects as TOML tables, in the order they have; its other members become keys, which
// are plain words.
std::string toml_tables(const nlohmann::ordered_json& object);

}  // namespace kata::runtime
