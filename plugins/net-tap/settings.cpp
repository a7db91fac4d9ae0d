// SPDX-License-Identifier: Apache-2.0
#include "settings.h"

#include <nlohmann/json.hpp>
#include <string>

#include "kata/concat.h"

namespace kata::tap {

namespace {

constexpr const char* kKey = "internetworking_model";

Result<Model> model_from(const std::string& name) {
  if (name == "tcfilter") return Model::kTcFilter;
  if (name == "none") return Model::kNone;
  if (name == "macvtap")
    return make_error(ErrorCode::kUnsupported,
                      concat(kKey, " = \"macvtap\" is not implemented yet; use \"tcfilter\""));
  return make_error(ErrorCode::kInvalidArgument,
                    concat(kKey, " = \"", name, "\": must be tcfilter or none"));
}

Result<Settings> settings_from(const nlohmann::json& config) {
  Settings settings;
  settings.model = KATA_TRY(model_from(config.value(kKey, std::string("tcfilter"))), "");
  // Kata's own rule: without a namespace of its own, a sandbox must not rewire what it is in.
  if (config.value("disable_new_netns", false) && settings.model != Model::kNone)
    return make_error(ErrorCode::kInvalidArgument,
                      concat("disable_new_netns = true: needs ", kKey,
                             " = \"none\"; remove the line, or set that key"));
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
