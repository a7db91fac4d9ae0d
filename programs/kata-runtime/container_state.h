// SPDX-License-Identifier: Apache-2.0
//
// What a container is doing, from its record and one look at its shim. No call, no plugin.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "sandbox/store.h"

namespace kata::runtime {

// "creating", "created", "running", "paused" or "stopped".
std::string status_of(const sandbox::ContainerRecord& record);

// The OCI state, with the members that runc adds.
nlohmann::ordered_json state_json(const sandbox::ContainerRecord& record);

}  // namespace kata::runtime
