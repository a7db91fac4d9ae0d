// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/duration.h"

#include <charconv>

#include "kata/concat.h"

namespace kata::runtime {
namespace {

struct Unit {
  std::string_view name{};
  double nanoseconds = 0;
};

// Longer names first, since "m" begins "ms".
constexpr Unit kUnits[] = {{"ns", 1},  {"us", 1e3}, {"ms", 1e6},
                           {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};
constexpr double kLongest = 366.0 * 24 * 3600e9;

const Unit* unit_at(std::string_view text) {
  for (const Unit& unit : kUnits)
    if (text.starts_with(unit.name)) return &unit;
  return nullptr;
}

}  // namespace

Result<std::chrono::nanoseconds> duration(std::string_view text) {
  const Error refusal =
      make_error(ErrorCode::kInvalidArgument,
                 concat('\'', text.substr(0, 40), "': expected a time such as 5s, 1m30s or 250ms"));
  double total = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t digits = std::min(rest.find_first_not_of("0123456789."), rest.size());
    double number = 0;
    const auto [stop, status] =
        std::from_chars(rest.data(), rest.data() + digits, number, std::chars_format::fixed);
    if (digits == 0 || status != std::errc{} || stop != rest.data() + digits) return refusal;
    rest.remove_prefix(digits);
    const Unit* unit = unit_at(rest);
    if (unit == nullptr) return refusal;
    rest.remove_prefix(unit->name.size());
    total += number * unit->nanoseconds;
  }
  if (total < 1 || total > kLongest) return refusal;
  return std::chrono::nanoseconds(static_cast<std::int64_t>(total));
}

}  // namespace kata::runtime
