// SPDX-License-Identifier: Apache-2.0
//
// What this runtime can do with a config.json, in the form of the runtime specification.
// https://github.com/opencontainers/runtime-spec/blob/v1.1.0/features.md
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace kata::sandbox {

// `version`: the runtime's own.
nlohmann::ordered_json features_json(std::string_view version);

}  // namespace kata::sandbox
