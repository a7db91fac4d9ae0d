// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/toml_tables.h"

#include <nlohmann/json.hpp>

#include "core/config/print.h"
#include "kata/concat.h"

namespace kata::runtime {

using nlohmann::ordered_json;

namespace {

void write_table(const std::string& name, const ordered_json& object, std::string& text) {
  if (!name.empty()) text += concat(text.empty() ? "[" : "\n[", name, "]\n");
  for (const auto& [key, value] : object.items())
    if (!value.is_object())
      text += concat(
          key, " = ",
          config::toml_of_json(value.dump(-1, ' ', false, ordered_json::error_handler_t::replace)),
          '\n');
  for (const auto& [key, value] : object.items())
    if (value.is_object()) write_table(name.empty() ? key : concat(name, '.', key), value, text);
}

}  // namespace

std::string toml_tables(const ordered_json& object) {
  std::string text;
  write_table("", object, text);
  return text;
}

}  // namespace kata::runtime
