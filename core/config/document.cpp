// SPDX-License-Identifier: Apache-2.0
//
// The only file that includes TOML++.
#include "core/config/document.h"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "core/config/json_text.h"
#include "kata/concat.h"

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_MAX_NESTED_VALUES 16
#include <toml++/impl/preprocessor.h>
// TOML++ 3.3 asserts what bad input can make false ("[=]"), and then reports it as an error: it
// must come to the error.
#undef TOML_ASSERT
#undef TOML_ASSERT_ASSUME
#define TOML_ASSERT(expr) static_assert(true)
#define TOML_ASSERT_ASSUME(expr) static_assert(true)
#include <toml++/toml.h>

namespace kata::config {

namespace {

constexpr std::size_t kMaxDepth = 16;  // of tables

Origin origin_of(const toml::source_region& region, const std::string& file) {
  return {file, region.begin.line, region.begin.column};
}

Error invalid(const Origin& origin, std::string message) {
  return make_error(ErrorCode::kInvalidArgument, place(origin) + std::move(message));
}

// TOML++ bounds the nesting of values but not of dotted keys, and frees tables recursively.
Result<void> check_dotted_depth(std::string_view text, const std::string& file) {
  std::uint32_t line = 1;
  std::size_t dots = 0;
  for (const char c : text) {
    if (c == '\n') ++line;
    if (c == '.') ++dots;
    const bool in_key = c == '.' || c == '-' || c == '_' || c == '"' || c == '\'' || c == ' ' ||
                        c == '\t' || (c >= '0' && c <= '9') ||
                        ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
    if (!in_key) dots = 0;
    if (dots > 64)
      return invalid({file, line, 1},
                     "tables nested deeper than any key of Kata; shorten the dotted key");
  }
  return {};
}

std::string number_text(double number) {
  std::array<char, 64> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  std::string text(buffer.data(), end);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

Result<std::string> json_of(const toml::node& node, const std::string& file);

Result<std::string> json_of(const toml::array& array, const std::string& file) {
  std::string text = "[";
  for (const toml::node& item : array) {
    if (text.size() > 1) text += ",";
    text += KATA_TRY(json_of(item, file), "");
  }
  return text + "]";
}

Result<std::string> json_of(const toml::table& table, const std::string& file) {
  std::string text = "{";
  for (const auto& [key, item] : table) {
    if (text.size() > 1) text += ",";
    text += to_json(key.str()) + ":" + KATA_TRY(json_of(item, file), "");
  }
  return text + "}";
}

Result<std::string> json_of(const toml::node& node, const std::string& file) {
  switch (node.type()) {
    case toml::node_type::string:
      return to_json(node.as_string()->get());
    case toml::node_type::integer:
      return std::to_string(node.as_integer()->get());
    case toml::node_type::boolean:
      return std::string(node.as_boolean()->get() ? "true" : "false");
    case toml::node_type::array:
      return json_of(*node.as_array(), file);
    case toml::node_type::table:
      return json_of(*node.as_table(), file);
    case toml::node_type::floating_point:
      if (const double number = node.as_floating_point()->get(); std::isfinite(number))
        return number_text(number);
      return invalid(origin_of(node.source(), file), "expected a finite number, found nan or inf");
    default:
      return invalid(origin_of(node.source(), file),
                     "no key of Kata takes a date or a time; write a quoted string");
  }
}

bool plain_key(std::string_view key) {
  const auto plain = [](char c) {
    return c == '_' || c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
  };
  for (const char c : key)
    if (!plain(c)) return false;
  return !key.empty();
}

Result<void> flatten(const toml::table& table, const std::string& prefix, std::size_t depth,
                     const std::string& file, Document& document) {
  for (const auto& [key, node] : table) {
    const Origin origin = origin_of(key.source(), file);
    if (!plain_key(key.str()))
      return invalid(origin, concat("key ", to_json(key.str()),
                                    ": expected letters, digits, '_' and '-' only"));
    const std::string path = concat(prefix, key.str());
    if (!node.is_table()) {
      document.values[path] = {KATA_TRY(json_of(node, file), ""), origin};
      continue;
    }
    if (depth == kMaxDepth) return invalid(origin, concat("tables nested deeper than ", kMaxDepth));
    document.tables[path] = origin;
    KATA_TRY(flatten(*node.as_table(), path + ".", depth + 1, file, document), "");
  }
  return {};
}

}  // namespace

std::string place(const Origin& origin) {
  return concat(origin.file, ":", origin.line, ":", origin.column, ": ");
}

Result<Document> parse_toml(std::string_view text, const std::string& file) {
  KATA_TRY(check_dotted_depth(text, file), "");
  toml::parse_result parsed = toml::parse(text, std::string_view(file));
  if (!parsed)
    return invalid(origin_of(parsed.error().source(), file),
                   concat("not valid TOML: ", parsed.error().description()));
  Document document;
  KATA_TRY(flatten(parsed.table(), "", 0, file, document), "");
  return document;
}

void overlay(Document& below, Document above) {
  for (auto& [path, value] : above.values) below.values.insert_or_assign(path, std::move(value));
  for (auto& [path, origin] : above.tables) below.tables.try_emplace(path, std::move(origin));
}

}  // namespace kata::config
