// SPDX-License-Identifier: Apache-2.0
//
// What bodies Cloud Hypervisor's API takes, stricter than it is: a field that is not in the table,
// of the wrong type or out of its range is refused, so that a wrong body fails in a test.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace kata::fake_cloudhv {

// "" or what is wrong, with the path of the field. `type` is a name of the table: "VmConfig".
std::string violation(const nlohmann::json& value, const std::string& type);

}  // namespace kata::fake_cloudhv
