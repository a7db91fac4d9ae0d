// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/field_check.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "core/config/document.h"
#include "core/config/nearest.h"
#include "core/config/print.h"
#include "core/plugin_host/refusal.h"
#include "kata/concat.h"

namespace kata::plugin_host {

namespace {

using Json = nlohmann::json;
using plugin::ConfigField;

bool is_string_list(const Json& value) {
  return value.is_array() &&
         std::all_of(value.begin(), value.end(), [](const Json& item) { return item.is_string(); });
}

bool is_path(const Json& value) {
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  return (text.empty() || text.front() == '/') && text.find('\0') == std::string::npos;
}

struct Type {
  std::string_view name;
  const char* expected;
  bool (*matches)(const Json& value);
};
constexpr Type kTypes[] = {
    {"string", "a string", [](const Json& v) { return v.is_string(); }},
    {"path", "an absolute path in quotes", is_path},
    {"integer", "an integer", [](const Json& v) { return v.is_number_integer(); }},
    {"number", "a number", [](const Json& v) { return v.is_number(); }},
    {"boolean", "true or false", [](const Json& v) { return v.is_boolean(); }},
    {"string[]", "an array of strings", is_string_list}};

const Type* type_of(const ConfigField& field) {
  const auto* found = std::find_if(std::begin(kTypes), std::end(kTypes), [&](const Type& type) {
    return field.type != nullptr && type.name == field.type;
  });
  return found == std::end(kTypes) ? nullptr : found;
}

Json parse(std::string_view json) { return Json::parse(json, nullptr, false); }

Error invalid(std::string message) {
  return make_error(ErrorCode::kInvalidArgument, std::move(message));
}

Error unknown_key(std::string_view table, const std::string& key, const config::Value& value,
                  std::span<const ConfigField> fields,
                  std::span<const std::string_view> also_known) {
  std::vector<std::string_view> known;
  for (const ConfigField& field : fields) known.emplace_back(field.name);
  known.insert(known.end(), also_known.begin(), also_known.end());
  return invalid(concat(config::place(value.origin), "unknown key '", key, "' in [", table, "]",
                        config::suggestion(key, known)));
}

// The value of one field: what the operator wrote, or the default.
Result<Json> value_of(const ConfigField& field, const config::PluginChoice& choice,
                      std::string_view table) {
  const Type& type = *type_of(field);
  const auto found = choice.keys.find(field.name);
  if (found == choice.keys.end()) {
    if (field.default_json != nullptr) return parse(field.default_json);
    return invalid(concat("[", table, "]: key '", field.name, "' is required (", field.doc,
                          "): expected ", type.expected, ", found nothing; add it"));
  }
  Json value = parse(found->second.json);
  if (!value.is_discarded() && type.matches(value)) return value;
  const std::string remedy =
      field.default_json == nullptr
          ? std::string("correct it")
          : concat("correct it, or remove the line for the default ", field.default_json);
  return invalid(concat(config::place(found->second.origin), "key '", field.name, "' in [", table,
                        "]: expected ", type.expected, ", found ", printable(found->second.json),
                        "; ", remedy));
}

}  // namespace

Result<void> check_field_table(std::span<const ConfigField> fields) {
  constexpr const char* kCorrect = "correct the plugin's config table";
  std::set<std::string_view> names;
  for (const ConfigField& field : fields) {
    if (field.name == nullptr || field.doc == nullptr || !names.insert(field.name).second)
      return refused("config table", "fields with a name and a doc, each once",
                     field.name == nullptr ? "a field without a name"
                                           : concat("'", printable(field.name), "'"),
                     kCorrect);
    const Type* type = type_of(field);
    if (type == nullptr)
      return refused("config table", "a type of kata/plugin/descriptor.h",
                     concat("'", printable(field.type == nullptr ? "null" : field.type),
                            "' of field '", printable(field.name), "'"),
                     kCorrect);
    if (field.default_json == nullptr) continue;
    const Json value = parse(field.default_json);
    if (value.is_discarded() || !type->matches(value))
      return refused(
          "config table",
          concat("a default of field '", printable(field.name), "' that is ", type->expected),
          printable(field.default_json), kCorrect);
  }
  return {};
}

Result<std::string> check_keys(const config::PluginChoice& choice, std::string_view table,
                               std::span<const ConfigField> fields,
                               std::span<const std::string_view> also_known) {
  for (const auto& [key, value] : choice.keys) {
    const auto is_key = [&name = key](const ConfigField& field) { return name == field.name; };
    const bool known = std::any_of(fields.begin(), fields.end(), is_key);
    if (!known) return unknown_key(table, key, value, fields, also_known);
  }
  Json object = Json::object();
  for (const ConfigField& field : fields)
    object[field.name] = KATA_TRY(value_of(field, choice, table), "");
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string fields_as_toml(const plugin::Descriptor& descriptor, std::string_view table) {
  const auto text = [](const char* part) {
    return part == nullptr ? std::string() : printable(part);
  };
  std::string toml = concat("# ", text(descriptor.summary), "\n# ", text(descriptor.name), " ",
                            text(descriptor.version), ", ", text(descriptor.vendor), ", ",
                            text(descriptor.license), "\n[", table, "]\n");
  for (const ConfigField& field : std::span(descriptor.config, descriptor.config_count)) {
    toml += concat("\n# ", printable(field.doc), " (", field.type, ")\n");
    if (field.default_json == nullptr)
      toml += concat("# ", field.name, " =   # required\n");
    else
      toml += concat(field.name, " = ", config::toml_of_json(field.default_json), "\n");
  }
  return toml;
}

}  // namespace kata::plugin_host
