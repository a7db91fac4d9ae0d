// SPDX-License-Identifier: Apache-2.0
#include "cloudhv_config.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "kata/concat.h"

namespace kata::cloudhv {
namespace {

constexpr std::uint32_t kMostVerbose = 3;
constexpr std::array<std::string_view, 3> kRootfsTypes = {"ext4", "xfs", "erofs"};

Error invalid(std::string_view key, std::string_view what) {
  return make_error(ErrorCode::kInvalidArgument, concat("hypervisor.cloudhv.", key, what));
}

Result<std::uint64_t> read_count(const nlohmann::json& json, const std::string& key) {
  const auto found = json.find(key);
  if (found == json.end()) return std::uint64_t{0};
  if (found->is_number_unsigned()) return found->get<std::uint64_t>();
  return invalid(key, concat(" = ", found->dump(), " is not a number from 0"));
}

Result<RateLimit> read_limit(const nlohmann::json& json, const std::string& prefix) {
  RateLimit limit;
  limit.bits = KATA_TRY(read_count(json, prefix + "_bw_max_rate"), "");
  limit.bits_burst = KATA_TRY(read_count(json, prefix + "_bw_one_time_burst"), "");
  limit.operations = KATA_TRY(read_count(json, prefix + "_ops_max_rate"), "");
  limit.operations_burst = KATA_TRY(read_count(json, prefix + "_ops_one_time_burst"), "");
  return limit;
}

Result<void> check(const CloudhvConfig& config) {
  if (!config.path.is_absolute())
    return invalid("path", concat(" = '", config.path, "' must be an absolute path"));
  if (!config.entropy_source.is_absolute())
    return invalid("entropy_source",
                   concat(" = '", config.entropy_source, "' must be an absolute path"));
  if (config.hypervisor_loglevel > kMostVerbose)
    return invalid("hypervisor_loglevel",
                   concat(" = ", config.hypervisor_loglevel, " is not from 0 to ", kMostVerbose));
  if (std::find(kRootfsTypes.begin(), kRootfsTypes.end(), config.rootfs_type) == kRootfsTypes.end())
    return invalid("rootfs_type",
                   concat(" = '", config.rootfs_type, "' is not one of: ext4, xfs, erofs"));
  return {};
}

Result<CloudhvConfig> read(const nlohmann::json& json) {
  CloudhvConfig config;
  config.path = json.value("path", config.path.native());
  config.disable_seccomp = json.value("disable_seccomp", config.disable_seccomp);
  config.landlock = json.value("landlock", config.landlock);
  const std::uint64_t level = KATA_TRY(read_count(json, "hypervisor_loglevel"), "");
  config.hypervisor_loglevel = static_cast<std::uint32_t>(std::min<std::uint64_t>(level, 1000));
  config.rootfs_type = json.value("rootfs_type", config.rootfs_type);
  config.entropy_source = json.value("entropy_source", config.entropy_source.native());
  config.disable_nested_virtualization =
      json.value("disable_nested_virtualization", config.disable_nested_virtualization);
  config.reclaim_guest_freed_memory =
      json.value("reclaim_guest_freed_memory", config.reclaim_guest_freed_memory);
  config.disk = KATA_TRY(read_limit(json, "disk_rate_limiter"), "");
  config.net = KATA_TRY(read_limit(json, "net_rate_limiter"), "");
  return config;
}

}  // namespace

Result<CloudhvConfig> parse_config(std::string_view text) {
  try {
    CloudhvConfig config = KATA_TRY(read(nlohmann::json::parse(text)), "");
    KATA_TRY(check(config), "");
    return config;
  } catch (const nlohmann::json::exception& exception) {
    return make_error(ErrorCode::kInvalidArgument,
                      concat("read the hypervisor.cloudhv keys: ", exception.what()));
  }
}

}  // namespace kata::cloudhv
