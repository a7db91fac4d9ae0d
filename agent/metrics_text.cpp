// SPDX-License-Identifier: Apache-2.0
#include "agent/metrics_text.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>

#include "kata/concat.h"

namespace kata::agent {
namespace {

constexpr double kExactIntegers = 9007199254740992.0;

// A name from the guest: what is no ASCII would not be a valid message.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    if (letter == '\\' || letter == '"') out += '\\';
    if (letter == '\n')
      out += "\\n";
    else
      out += static_cast<unsigned char>(letter) >= 0x80 ? '?' : letter;
  }
  return out;
}

std::string number(double value) {
  if (value == std::floor(value) && std::fabs(value) < kExactIntegers)
    return std::to_string(static_cast<std::int64_t>(value));
  std::array<char, 40> text{};
  const int length = std::snprintf(text.data(), text.size(), "%.10g", value);
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace

void MetricsText::family(std::string_view name, std::string_view help, std::string_view type) {
  name_ = name;
  text_ += concat("# HELP ", name, ' ', help, "\n# TYPE ", name, ' ', type, '\n');
}

void MetricsText::sample(double value, Labels labels) {
  text_ += name_;
  char separator = '{';
  for (const auto& [label, content] : labels) {
    text_ += concat(separator, label, "=\"", escaped(content), '"');
    separator = ',';
  }
  if (labels.size() > 0) text_ += '}';
  text_ += concat(' ', number(value), '\n');
}

}  // namespace kata::agent
