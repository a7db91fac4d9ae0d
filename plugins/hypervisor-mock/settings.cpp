// SPDX-License-Identifier: Apache-2.0
#include "settings.h"

#include <nlohmann/json.hpp>

#include "kata/concat.h"

namespace kata::mock {

namespace {

Result<std::filesystem::path> checked_program(std::string path, std::string_view key) {
  if (!path.empty()) return std::filesystem::path(std::move(path));
  return make_error(ErrorCode::kInvalidArgument,
                    concat("key '", key, "' in [hypervisor.mock] is empty: name the program"));
}

Result<Settings> settings_from(const nlohmann::json& config) {
  Settings settings;
  settings.unsafe_no_vm = config.at("unsafe_no_vm").get<bool>();
  if (!settings.unsafe_no_vm)
    return make_error(ErrorCode::kPermission,
                      "hypervisor 'mock' runs containers on the host without a virtual machine "
                      "around them: select another one, or set unsafe_no_vm = true in "
                      "[hypervisor.mock] on a host where every container is trusted");
  settings.path = KATA_TRY(checked_program(config.at("path").get<std::string>(), "path"), "");
  settings.agent = KATA_TRY(checked_program(config.at("agent").get<std::string>(), "agent"), "");
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

}  // namespace kata::mock
