// SPDX-License-Identifier: Apache-2.0
#include "settings.h"

#include <nlohmann/json.hpp>
#include <string>

#include "config_integer.h"
#include "kata/concat.h"
#include "rate_limit.h"

namespace kata::tap {

namespace {

constexpr const char* kKey = "internetworking_model";

Result<Model> model_from(const std::string& name) {
  if (name == "tcfilter") return Model::kTcFilter;
  if (name == "none") return Model::kNone;
  if (name == "macvtap") return Model::kMacvtap;
  return make_error(ErrorCode::kInvalidArgument,
                    concat(kKey, " = \"", name, "\": must be tcfilter, macvtap or none"));
}

// Either a plain number or, from a hand-written configuration, one below 0.
Result<std::uint64_t> rate_from(const nlohmann::json& config, const char* key) {
  const auto rate = KATA_TRY(config_integer(config, key, 0), "");
  if (rate == 0) return std::uint64_t{0};
  if (rate < static_cast<std::int64_t>(kLeastRate) || rate > static_cast<std::int64_t>(kMostRate))
    return make_error(ErrorCode::kInvalidArgument,
                      concat(key, " = ", rate, ": must be 0 (no limit), or ", kLeastRate, " to ",
                             kMostRate, " bit/s"));
  return static_cast<std::uint64_t>(rate);
}

Result<void> read_rates(const nlohmann::json& config, Settings& settings) {
  settings.guest_receives = KATA_TRY(rate_from(config, "rx_rate_limiter_max_rate"), "");
  settings.guest_sends = KATA_TRY(rate_from(config, "tx_rate_limiter_max_rate"), "");
  const bool limited = settings.guest_receives != 0 || settings.guest_sends != 0;
  if (!limited || settings.model == Model::kTcFilter) return {};
  return make_error(ErrorCode::kUnsupported,
                    concat("rx_rate_limiter_max_rate and tx_rate_limiter_max_rate need ", kKey,
                           " = \"tcfilter\"; set that, or remove the limits"));
}

Result<Settings> settings_from(const nlohmann::json& config) {
  Settings settings;
  settings.model = KATA_TRY(model_from(config.value(kKey, std::string("tcfilter"))), "");
  // Kata's own rule: without a namespace of its own, a sandbox must not rewire what it is in.
  if (config.value("disable_new_netns", false) && settings.model != Model::kNone)
    return make_error(ErrorCode::kInvalidArgument,
                      concat("disable_new_netns = true: needs ", kKey,
                             " = \"none\"; remove the line, or set that key"));
  KATA_TRY(read_rates(config, settings), "");
  return settings;
}

}  // namespace

Result<Settings> parse_settings(std::string_view config_json) {
  try {
    return settings_from(nlohmann::json::parse(config_json));
  } catch (const nlohmann::json::exception& exception) {
    return make_error(ErrorCode::kInvalidArgument, concat("configuration: ", exception.what()));
  }
}

}  // namespace kata::tap
