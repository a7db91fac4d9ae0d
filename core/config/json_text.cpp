// SPDX-License-Identifier: Apache-2.0
#include "core/config/json_text.h"

#include <nlohmann/json.hpp>

namespace kata::config {

namespace {

using Json = nlohmann::json;

std::string dump(const Json& value) {
  // A file name in a message need not be UTF-8; replacing is better than throwing.
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

template <class T>
std::optional<T> value_of(std::string_view json, bool (*is_type)(const Json&)) {
  const Json value = Json::parse(json, nullptr, false);
  if (value.is_discarded() || !is_type(value)) return std::nullopt;
  return value.get<T>();
}

}  // namespace

std::string to_json(std::string_view text) { return dump(Json(text)); }
std::string to_json(const std::vector<std::string>& texts) { return dump(Json(texts)); }

std::optional<std::string> string_of(std::string_view json) {
  return value_of<std::string>(json, [](const Json& value) { return value.is_string(); });
}

std::optional<std::vector<std::string>> strings_of(std::string_view json) {
  return value_of<std::vector<std::string>>(json, [](const Json& value) {
    if (!value.is_array()) return false;
    for (const Json& item : value)
      if (!item.is_string()) return false;
    return true;
  });
}

std::optional<bool> boolean_of(std::string_view json) {
  if (json == "true") return true;
  if (json == "false") return false;
  return std::nullopt;
}

std::optional<std::int64_t> integer_of(std::string_view json) {
  return value_of<std::int64_t>(json, [](const Json& value) {
    return value.is_number_integer() &&
           (!value.is_number_unsigned() || value.get<std::uint64_t>() <= INT64_MAX);
  });
}

std::optional<double> number_of(std::string_view json) {
  return value_of<double>(json, [](const Json& value) { return value.is_number(); });
}

}  // namespace kata::config
