// SPDX-License-Identifier: Apache-2.0
//
// Page merging: a host that is as it was.
#include <fstream>
#include <iterator>
#include <map>

#include "programs/kata-plugin-check/suite.h"

namespace kata::check {

namespace {

namespace fs = std::filesystem;
using Dedups = std::unique_ptr<MemoryDedup>;

Result<Dedups> made(const Workplace& workplace) {
  return workplace.subject.memory_dedup(workplace.context());
}

// What the kernel counts by itself.
bool is_counter(const std::string& name) {
  return name.starts_with("pages_")
             ? name != "pages_to_scan"
             : name.ends_with("_scans") || name.ends_with("_profit") ||
                   name.starts_with("stable_node_") || name == "ksm_zero_pages";
}

// The settings of the host: small files in what the plugin's keys name, or else in what the kernel
// has.
std::map<std::string, std::string> settings(const Workplace& workplace) {
  std::map<std::string, std::string> found;
  auto directories = workplace.subject.directories;
  if (directories.empty()) directories.emplace_back("/sys/kernel/mm/ksm");
  std::error_code ignored;
  for (const fs::path& directory : directories) {
    if (directory.native().starts_with("/proc")) continue;
    for (const auto& entry : fs::directory_iterator(directory, ignored)) {
      if (!entry.is_regular_file(ignored) || is_counter(entry.path().filename())) continue;
      std::ifstream file(entry.path());
      std::string text(std::istreambuf_iterator<char>(file), {});
      while (text.ends_with('\n')) text.pop_back();  // sysfs adds it, whatever is written
      found[entry.path()] = std::move(text);
    }
  }
  return found;
}

Outcome same_settings(const Workplace& workplace, const std::map<std::string, std::string>& before,
                      std::string_view when) {
  for (const auto& [file, text] : settings(workplace))
    if (const auto old = before.find(file); old != before.end() && old->second != text)
      return make_error(ErrorCode::kInternal, concat("'", file, "' differs ", when, ": expected '",
                                                     old->second, "', found '", text, "'"));
  return {};
}

Outcome exact_restore(const Workplace& workplace) {
  const auto before = settings(workplace);
  const Dedups dedup = KATA_TRY(made(workplace), "");
  TimePoint now = std::chrono::steady_clock::now();
  KATA_TRY(dedup->start(now), "start");
  auto next = KATA_TRY(dedup->boost(now), "boost");
  for (int ticks = 0; next && ticks < 3; ++ticks) next = KATA_TRY(dedup->tick(*next), "tick");
  KATA_TRY(dedup->restore(), "restore");
  KATA_TRY(same_settings(workplace, before, "after restore"), "");
  KATA_TRY(dedup->restore(), "restore again");
  return same_settings(workplace, before, "after restore");
}

Outcome restore_of_nothing(const Workplace& workplace) {
  const auto before = settings(workplace);
  const Dedups dedup = KATA_TRY(made(workplace), "");
  KATA_TRY(dedup->restore(), "restore");
  return same_settings(workplace, before, "after restore without start");
}

Outcome ticks_lie_ahead(const Workplace& workplace) {
  const Dedups dedup = KATA_TRY(made(workplace), "");
  TimePoint now = std::chrono::steady_clock::now();
  KATA_TRY(dedup->start(now), "start");
  auto next = KATA_TRY(dedup->boost(now), "boost");
  for (int ticks = 0; next && ticks < 1000; ++ticks) {
    KATA_TRY(expect(*next > now, concat("tick ", ticks, " is not later than the one before")), "");
    now = *next;
    next = KATA_TRY(dedup->tick(now), "tick");
  }
  return dedup->restore();
}

Outcome rest_is_the_hosts(const Workplace& workplace) {
  const auto before = settings(workplace);
  const Dedups dedup = KATA_TRY(made(workplace), "");
  TimePoint now = std::chrono::steady_clock::now();
  KATA_TRY(dedup->start(now), "start");
  auto next = KATA_TRY(dedup->boost(now), "boost");
  for (int ticks = 0; next && ticks < 100000; ++ticks) next = KATA_TRY(dedup->tick(*next), "tick");
  auto same = next ? Outcome() : same_settings(workplace, before, "while no tick is wanted");
  KATA_TRY(dedup->restore(), "restore");
  return same;
}

Outcome stats_any_time(const Workplace& workplace) {
  const Dedups dedup = KATA_TRY(made(workplace), "");
  KATA_TRY(dedup->stats(), "stats before start");
  KATA_TRY(dedup->start(std::chrono::steady_clock::now()), "start");
  const DedupStats stats = KATA_TRY(dedup->stats(), "stats");
  KATA_TRY(dedup->restore(), "restore");
  return expect(!stats.mode.empty() && stats.mode.find(' ') == std::string::npos,
                "stats().mode is not one word");
}

constexpr Case kCases[] = {
    {"restore gives the host its settings exactly and twice", exact_restore},
    {"restore of nothing changes nothing", restore_of_nothing},
    {"each tick is later than the one before", ticks_lie_ahead},
    {"while no tick is wanted the settings are the host's", rest_is_the_hosts},
    {"stats can be asked for at any time", stats_any_time},
};

}  // namespace

Suite memory_dedup_suite() { return {"memory-dedup", kCases}; }

}  // namespace kata::check
