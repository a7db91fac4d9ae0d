// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/byte_size.h"

#include <charconv>
#include <optional>
#include <string>

#include "kata/concat.h"

namespace kata::runtime {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// "", "b", "k", "kb", "kib" … → the power of 1024.
std::optional<int> power_of(std::string unit) {
  for (char& c : unit) c = lower(c);
  if (unit.empty() || unit == "b") return 0;
  const std::size_t power = std::string_view("kmgtp").find(unit.front());
  const std::string_view rest = std::string_view(unit).substr(1);
  if (power == std::string_view::npos || (!rest.empty() && rest != "b" && rest != "ib"))
    return std::nullopt;
  return static_cast<int>(power) + 1;
}

}  // namespace

Result<std::int64_t> byte_size(std::string_view text) {
  if (text == "-1") return -1;
  const Error refusal = make_error(
      ErrorCode::kInvalidArgument,
      concat('\'', text.substr(0, 40), "': expected bytes such as 268435456 or 256m, or -1"));
  const std::size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
  double number = 0;
  const auto [stop, status] =
      std::from_chars(text.data(), text.data() + end, number, std::chars_format::fixed);
  std::string_view unit = text.substr(end);
  if (unit.starts_with(' ')) unit.remove_prefix(1);
  const auto power = power_of(std::string(unit));
  if (end == 0 || status != std::errc{} || stop != text.data() + end || !power) return refusal;
  for (int step = 0; step < *power; ++step) number *= 1024;
  constexpr double kLimit = 9223372036854774784.0;  // the largest below 2^63
  if (number > kLimit) return refusal;
  return static_cast<std::int64_t>(number);
}

}  // namespace kata::runtime
