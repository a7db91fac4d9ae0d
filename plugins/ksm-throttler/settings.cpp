// SPDX-License-Identifier: Apache-2.0
#include "settings.h"

#include <nlohmann/json.hpp>
#include <string>

#include "config_integer.h"
#include "kata/concat.h"

namespace kata::ksm {

namespace {

using Json = nlohmann::json;

constexpr std::int64_t kDayInSeconds = 86'400, kMostDivisor = 1'000'000, kMostSleepMs = 60'000;
constexpr std::int64_t kMostPages = 1'000'000'000;

struct Range {
  std::int64_t least = 0, most = 0;
};

Result<std::int64_t> integer(const Json& config, const char* key, std::int64_t fallback,
                             Range range) {
  const auto value = KATA_TRY(config_integer(config, key, fallback), "");
  if (value >= range.least && value <= range.most) return value;
  return make_error(ErrorCode::kInvalidArgument,
                    concat(key, " = ", value, ": must be ", range.least, " to ", range.most));
}

Result<void> read_time(const Json& config, const char* key, std::int64_t least,
                       std::chrono::seconds& time) {
  time = std::chrono::seconds(
      KATA_TRY(integer(config, key, time.count(), {least, kDayInSeconds}), ""));
  return {};
}

Result<void> read_number(const Json& config, const char* key, Range range, std::uint64_t& number) {
  number = static_cast<std::uint64_t>(
      KATA_TRY(integer(config, key, static_cast<std::int64_t>(number), range), ""));
  return {};
}

Result<void> read_pace(const Json& config, const std::string& rung, Pace& pace) {
  KATA_TRY(read_number(config, (rung + "_divisor").c_str(), {1, kMostDivisor}, pace.divisor), "");
  return read_number(config, (rung + "_sleep_ms").c_str(), {0, kMostSleepMs}, pace.sleep_ms);
}

Result<void> read_ladder(const Json& config, LadderSettings& ladder) {
  KATA_TRY(read_time(config, "initial_s", 0, ladder.initial), "");
  KATA_TRY(read_time(config, "aggressive_s", 1, ladder.aggressive), "");
  KATA_TRY(read_time(config, "standard_s", 1, ladder.standard), "");
  KATA_TRY(read_time(config, "slow_s", 1, ladder.slow), "");
  KATA_TRY(read_pace(config, "aggressive", ladder.aggressive_pace), "");
  KATA_TRY(read_pace(config, "standard", ladder.standard_pace), "");
  return read_pace(config, "slow", ladder.slow_pace);
}

Result<void> read_adaptive(const Json& config, AdaptiveSettings& adaptive) {
  std::uint64_t sample_ms = static_cast<std::uint64_t>(adaptive.sample.count());
  KATA_TRY(read_number(config, "sample_ms", {10, kMostSleepMs}, sample_ms), "");
  adaptive.sample = std::chrono::milliseconds(sample_ms);
  KATA_TRY(read_time(config, "rest_s", 1, adaptive.rest), "");
  KATA_TRY(read_time(config, "quiet_s", 1, adaptive.quiet), "");
  KATA_TRY(read_number(config, "least_pages_per_cpu_second", {1, kMostPages},
                       adaptive.least_pages_per_cpu_second),
           "");
  return read_number(config, "most_cpu_pressure_percent", {0, 100},
                     adaptive.most_cpu_pressure_percent);
}

Result<std::filesystem::path> directory(const Json& config, const char* key,
                                        const std::filesystem::path& fallback) {
  std::filesystem::path path = config.value(key, fallback.string());
  if (path.is_absolute()) return path;
  return make_error(ErrorCode::kInvalidArgument,
                    concat(key, " = \"", path.string(), "\": must be an absolute path"));
}

Result<Policy> policy_from(const std::string& name) {
  if (name == "ladder") return Policy::kLadder;
  if (name == "adaptive") return Policy::kAdaptive;
  return make_error(ErrorCode::kInvalidArgument,
                    concat("policy = \"", name, "\": must be ladder or adaptive"));
}

Result<Settings> settings_from(const Json& config) {
  Settings settings;
  settings.policy = KATA_TRY(policy_from(config.value("policy", std::string("ladder"))), "");
  settings.sysfs = KATA_TRY(directory(config, "sysfs_directory", settings.sysfs), "");
  settings.proc = KATA_TRY(directory(config, "proc_directory", settings.proc), "");
  settings.advisor = config.value("advisor", true);
  settings.smart_scan = config.value("smart_scan", true);
  settings.use_zero_pages = config.value("use_zero_pages", true);
  KATA_TRY(read_ladder(config, settings.ladder), "");
  KATA_TRY(read_adaptive(config, settings.adaptive), "");
  return settings;
}

}  // namespace

Result<Settings> parse_settings(std::string_view config_json) {
  try {
    return settings_from(Json::parse(config_json));
  } catch (const Json::exception& exception) {
    return make_error(ErrorCode::kInvalidArgument, concat("configuration: ", exception.what()));
  }
}

}  // namespace kata::ksm
