// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/ps_format.h"

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "kata/concat.h"
#include "programs/kata-runtime/text_table.h"

namespace kata::runtime {
namespace {

constexpr std::uint64_t kMinute = 60, kHour = 3600, kDay = 86400;

template <class... Numbers>
std::string formatted(const char* format, Numbers... numbers) {
  char text[80];
  std::snprintf(text, sizeof text, format, numbers...);
  return text;
}

std::string user_of(const GuestProcess& process) {
  return process.uid == 0 ? "root" : std::to_string(process.uid);  // names are the image's
}

// "03:04:05", "2-03:04:05".
std::string clock_time(std::uint64_t seconds) {
  const std::string days = seconds < kDay ? "" : concat(seconds / kDay, '-');
  return days + formatted("%02d:%02d:%02d", static_cast<int>(seconds / kHour % 24),
                          static_cast<int>(seconds / kMinute % 60),
                          static_cast<int>(seconds % kMinute));
}

// "04:05", "03:04:05", "2-03:04:05".
std::string elapsed(std::uint64_t seconds) {
  const std::string text = clock_time(seconds);
  return seconds < kHour ? text.substr(3) : text;
}

// "13:38" today, "Nov27" before.
std::string started(const GuestProcess& process, std::time_t now) {
  const auto age = static_cast<std::int64_t>(
      std::min<std::uint64_t>(process.age_ms / 1000, static_cast<std::uint64_t>(now)));
  const std::time_t start = now - age;
  std::tm parts{};
  ::localtime_r(&start, &parts);
  char text[16];
  std::strftime(text, sizeof text, age < static_cast<std::int64_t>(kDay) ? "%H:%M" : "%b%d",
                &parts);
  return text;
}

double cpu_percent(const GuestProcess& process) {
  if (process.age_ms == 0) return 0;
  return std::min(
      999.9, 100.0 * static_cast<double>(process.cpu_ms) / static_cast<double>(process.age_ms));
}

struct Field {
  std::string_view name{}, header{};
  bool number = false;
  std::string (*value)(const GuestProcess& process, std::time_t now);
};

#define KATA_PS_FIELD [](const GuestProcess& p, [[maybe_unused]] std::time_t now) -> std::string
constexpr Field kFields[] = {{"pid", "PID", true, KATA_PS_FIELD{return std::to_string(p.pid);
}  // namespace
}  // namespace kata::runtime
, {"ppid", "PPID", true, KATA_PS_FIELD{return std::to_string(p.parent);
}
}
, {"uid", "UID", true, KATA_PS_FIELD{return std::to_string(p.uid);
}
}
, {"user", "USER", false, KATA_PS_FIELD{return user_of(p);
}
}
, {"state", "S", false, KATA_PS_FIELD{return p.state;
}
}
, {"stat", "STAT", false, KATA_PS_FIELD{return p.state;
}
}
, {"nlwp", "NLWP", true, KATA_PS_FIELD{return std::to_string(p.threads);
}
}
, {"tty", "TTY", false, KATA_PS_FIELD{return p.terminal;
}
}
, {"stime", "STIME", false, KATA_PS_FIELD{return started(p, now);
}
}
, {"etime", "ELAPSED", true, KATA_PS_FIELD{return elapsed(p.age_ms / 1000);
}
}
, {"time", "TIME", true, KATA_PS_FIELD{return clock_time(p.cpu_ms / 1000);
}
}
, {"c", "C", true, KATA_PS_FIELD{return std::to_string(static_cast<int>(cpu_percent(p)));
}
}
, {"pcpu", "%CPU", true, KATA_PS_FIELD{return formatted("%.1f", cpu_percent(p));
}
}
, {"vsz", "VSZ", true, KATA_PS_FIELD{return std::to_string(p.virtual_kib);
}
}
, {"rss", "RSS", true, KATA_PS_FIELD{return std::to_string(p.resident_kib);
}
}
, {"comm", "COMMAND", false, KATA_PS_FIELD{return p.name;
}
}
, {"cmd", "CMD", false, KATA_PS_FIELD{return p.command;
}
}
, {"args", "COMMAND", false, KATA_PS_FIELD{return p.command;
}
}
,
}
;
#undef KATA_PS_FIELD

// ps has several names for some.
std::string_view canonical(std::string_view name) {
  constexpr std::pair<std::string_view, std::string_view> kAliases[] = {
      {"s", "state"},          {"%cpu", "pcpu"},    {"cputime", "time"}, {"command", "args"},
      {"start_time", "stime"}, {"tt", "tty"},       {"tname", "tty"},    {"ucmd", "comm"},
      {"vsize", "vsz"},        {"rssize", "rss"},   {"euser", "user"},   {"euid", "uid"},
      {"uname", "user"},       {"thcount", "nlwp"}, {"tgid", "pid"}};
  for (const auto& [alias, field] : kAliases)
    if (alias == name) return field;
  return name;
}

const Field* find_field(std::string_view name) {
  const auto found = std::find_if(std::begin(kFields), std::end(kFields),
                                  [&](const Field& field) { return field.name == name; });
  return found == std::end(kFields) ? nullptr : found;
}

std::string all_fields() {
  std::string names;
  for (const Field& field : kFields) names += concat(names.empty() ? "" : " ", field.name);
  return names;
}

// "pid,ppid", "pid ppid", "pid=P": a header given by = runs to the end.
Result<void> add_fields(std::string_view list, std::vector<PsColumn>& columns) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find_first_of(", ="), list.size());
    const Field* field = find_field(canonical(list.substr(0, end)));
    if (field == nullptr)
      return make_error(ErrorCode::kInvalidArgument,
                        concat("ps -o: no field '", list.substr(0, std::min<std::size_t>(end, 40)),
                               "': there are ", all_fields()));
    PsColumn column{std::string(field->name), std::string(field->header)};
    const bool named = end < list.size() && list[end] == '=';
    if (named) column.header = list.substr(end + 1);
    columns.push_back(std::move(column));
    list.remove_prefix(named ? list.size() : std::min(end + 1, list.size()));
  }
  return {};
}

Error unknown_option(std::string_view word) {
  return make_error(ErrorCode::kInvalidArgument,
                    concat("ps: option '", word.substr(0, 40),
                           "' cannot be had from the guest: use -e, -f, -ef or -o FIELD,..."));
}

std::vector<PsColumn> full_columns() {
  std::vector<PsColumn> columns = {{"user", "UID"}};
  for (const char* name : {"pid", "ppid", "c", "stime", "tty", "time", "cmd"})
    columns.push_back({name, std::string(find_field(name)->header)});
  return columns;
}

}  // namespace

Result<std::vector<PsColumn>> ps_columns(const Words& options) {
  std::vector<PsColumn> columns;
  for (auto word = options.begin(); word != options.end(); ++word) {
    const std::string_view text = *word;
    if (text.size() < 2 || text.front() != '-') return unknown_option(text);
    const std::size_t letters = std::min(text.find_first_not_of("eAf", 1), text.size());
    if (letters == text.size()) continue;
    if (text[letters] != 'o') return unknown_option(text);
    std::string_view list = text.substr(letters + 1);
    if (list.empty() && word + 1 != options.end()) list = *++word;
    if (list.empty()) return unknown_option(text);
    KATA_TRY(add_fields(list, columns), "");
  }
  return columns.empty() ? full_columns() : columns;
}

std::string ps_table(const std::vector<PsColumn>& columns,
                     const std::vector<GuestProcess>& processes, std::time_t now) {
  std::vector<Column> shown;
  for (const PsColumn& column : columns)
    shown.push_back({column.header, find_field(column.field)->number});
  std::vector<std::vector<std::string>> rows;
  rows.reserve(processes.size());
  for (const GuestProcess& process : processes) {
    std::vector<std::string>& row = rows.emplace_back();
    for (const PsColumn& column : columns)
      row.push_back(find_field(column.field)->value(process, now));
  }
  return text_table(shown, rows);
}

}  // namespace kata::runtime
