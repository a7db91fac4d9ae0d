// SPDX-License-Identifier: Apache-2.0
#include "settings.h"

#include <nlohmann/json.hpp>

#include "config_integer.h"
#include "kata/concat.h"

namespace kata::plan9 {

namespace {

Result<std::uint32_t> checked_msize(std::int64_t msize) {
  if (msize >= kLeastMsize && msize <= kLargestMsize) return static_cast<std::uint32_t>(msize);
  return make_error(ErrorCode::kInvalidArgument,
                    concat("msize_9p = ", msize, ": must be from ", kLeastMsize, " to ",
                           kLargestMsize, " bytes, the most that virtio carries"));
}

Result<std::string> checked_cache(std::string cache) {
  if (cache == "none" || cache == "mmap" || cache == "loose") return cache;
  return make_error(ErrorCode::kInvalidArgument,
                    concat("cache_9p = \"", cache, "\": must be none, mmap or loose"));
}

Result<Settings> settings_from(const nlohmann::json& config) {
  const Settings defaults;
  Settings settings;
  const auto msize = KATA_TRY(config_integer(config, "msize_9p", defaults.msize), "");
  settings.msize = KATA_TRY(checked_msize(msize), "");
  settings.cache = KATA_TRY(checked_cache(config.value("cache_9p", defaults.cache)), "");
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

std::vector<std::string> mount_options(const Settings& settings) {
  return {"nodev", "trans=virtio", "version=9p2000.L", concat("cache=", settings.cache),
          concat("msize=", settings.msize)};
}

}  // namespace kata::plan9
