// SPDX-License-Identifier: Apache-2.0
#include "core/config/print.h"

#include "kata/concat.h"

namespace kata::config {

namespace {

std::string origin_text(const Origin& origin) {
  if (origin.file.empty()) return "default";
  std::string text;
  for (const char c : origin.file)
    text += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return concat(text, ":", origin.line);
}

// [plugins] and [runtime] hold keys directly; the other sections hold tables.
std::size_t table_length(const std::string& path) {
  const std::size_t first = path.find('.');
  const std::string_view section = std::string_view(path).substr(0, first);
  if (section == "plugins" || section == "runtime") return first;
  return path.find('.', first + 1);
}

}  // namespace

// JSON text as TOML. Strings, numbers, booleans and arrays are written alike in both, except that
// JSON leaves DEL as it is; an object becomes an inline table.
std::string toml_of_json(std::string_view json) {
  std::string out;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string && c == '\\') {
      out += c;
      if (++i < json.size()) out += json[i];
      continue;
    }
    if (c == '"') in_string = !in_string;
    if (c == 0x7f)
      out += "\\u007f";
    else if (!in_string && c == ':')
      out += " = ";
    else if (!in_string && c == ',')
      out += ", ";
    else
      out += c;
  }
  return out;
}

std::string print_effective(const Config& config) {
  std::map<std::string, std::string> tables;
  for (const auto& [path, value] : config.effective) {
    const std::size_t end = table_length(path);
    tables[path.substr(0, end)] += concat(path.substr(end + 1), " = ", toml_of_json(value.json),
                                          "  # ", origin_text(value.origin), "\n");
  }
  std::string text;
  for (const auto& [table, lines] : tables)
    text += concat(text.empty() ? "[" : "\n[", table, "]\n", lines);
  return text;
}

}  // namespace kata::config
