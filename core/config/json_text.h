// SPDX-License-Identifier: Apache-2.0
//
// Configuration values travel as JSON text (config.h, Value::json). These read and write single
// values, so that only one file of this library needs a JSON parser.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kata::config {

std::string to_json(std::string_view text);
std::string to_json(const std::vector<std::string>& texts);

// nullopt: the text is a JSON value of another type.
std::optional<std::string> string_of(std::string_view json);
std::optional<std::vector<std::string>> strings_of(std::string_view json);
std::optional<bool> boolean_of(std::string_view json);
std::optional<std::int64_t> integer_of(std::string_view json);
std::optional<double> number_of(std::string_view json);  // integers too

}  // namespace kata::config
