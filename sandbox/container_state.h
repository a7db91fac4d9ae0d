// SPDX-License-Identifier: Apache-2.0
//
// What a container is doing, from its record and one look at its shim. No call, no plugin.
#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "sandbox/store.h"

namespace kata::sandbox {

inline constexpr const char* kOciVersion = "1.1.0";  // of the runtime specification

// "creating", "created", "running", "paused" or "stopped".
std::string status_of(const ContainerRecord& record);

// The OCI state, with the members that runc adds.
nlohmann::ordered_json state_json(const ContainerRecord& record);

// How long a verb waits for another that is at work on the same container.
constexpr std::chrono::seconds kLockTime{10};

}  // namespace kata::sandbox
