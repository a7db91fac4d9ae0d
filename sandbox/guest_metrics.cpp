// SPDX-License-Identifier: Apache-2.0
#include "sandbox/guest_metrics.h"

#include <algorithm>
#include <charconv>

namespace kata::sandbox {

namespace {

constexpr std::size_t kLongestLine = 4096;
constexpr std::string_view kNothing{};

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Takes a family's name off the front; empty when it is not one of a guest's.
std::string_view take_name(std::string_view& line) {
  const auto end = std::find_if_not(line.begin(), line.end(), is_name_character);
  const std::string_view name = line.substr(0, static_cast<std::size_t>(end - line.begin()));
  if (!name.starts_with("kata_agent_") && !name.starts_with("kata_guest_")) return kNothing;
  line.remove_prefix(name.size());
  return name;
}

bool take(std::string_view& line, std::string_view text) {
  if (!line.starts_with(text)) return false;
  line.remove_prefix(text.size());
  return true;
}

// The text up to the closing quotation mark, in which a backslash escapes the next character.
bool take_value(std::string_view& line) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') {
      line.remove_prefix(i + 1);
      return true;
    }
    if (line[i] != '\\') continue;
    ++i;
    if (i == line.size() || (line[i] != '\\' && line[i] != '"' && line[i] != 'n')) return false;
  }
  return false;
}

// {name="value",…}
bool take_labels(std::string_view& line) {
  if (!take(line, "{")) return true;
  while (!take(line, "}")) {
    const auto end = std::find_if_not(line.begin(), line.end(), is_name_character);
    if (end == line.begin() || (line.front() >= '0' && line.front() <= '9')) return false;
    line.remove_prefix(static_cast<std::size_t>(end - line.begin()));
    if (!take(line, "=\"") || !take_value(line)) return false;
    if (!take(line, ",") && !line.starts_with('}')) return false;
  }
  return true;
}

bool is_number(std::string_view text) {
  double number = 0;
  take(text, "+");
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

// No time of the sample: the agent sends none.
bool is_sample(std::string_view line) {
  return !take_name(line).empty() && take_labels(line) && take(line, " ") && is_number(line);
}

bool is_comment(std::string_view line) {
  if (take(line, "# HELP "))
    return !take_name(line).empty() && take(line, " ") && line.find('\\') == std::string_view::npos;
  if (!take(line, "# TYPE ") || take_name(line).empty() || !take(line, " ")) return false;
  return line == "gauge" || line == "counter" || line == "untyped";
}

}  // namespace

std::string guest_metrics(std::string_view text) {
  std::string kept;
  for (std::size_t end = 0; (end = text.find('\n')) != std::string_view::npos;
       text.remove_prefix(end + 1)) {
    const std::string_view line = text.substr(0, end);
    if (line.size() > kLongestLine || !is_printable(line)) continue;
    if (is_sample(line) || is_comment(line)) kept.append(line).push_back('\n');
  }
  return kept;
}

}  // namespace kata::sandbox
