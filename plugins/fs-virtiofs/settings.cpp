// SPDX-License-Identifier: Apache-2.0
#include "settings.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "config_integer.h"
#include "kata/concat.h"

namespace kata::virtiofs {

namespace {

constexpr const char* kDaemonPlaces[] = {"/usr/libexec/virtiofsd", "/usr/lib/qemu/virtiofsd",
                                         "/usr/bin/virtiofsd"};

Result<void> check_cache(const std::string& cache) {
  if (cache == "never" || cache == "metadata" || cache == "auto" || cache == "always") return {};
  return make_error(
      ErrorCode::kInvalidArgument,
      concat("virtio_fs_cache = \"", cache, "\": must be never, metadata, auto or always"));
}

Result<std::uint32_t> checked_queue_size(std::int64_t size) {
  const bool power_of_two = size > 0 && (size & (size - 1)) == 0;
  if (power_of_two && size >= 2 && size <= 1024) return static_cast<std::uint32_t>(size);
  return make_error(ErrorCode::kInvalidArgument, concat("virtio_fs_queue_size = ", size,
                                                        ": must be a power of two from 2 to 1024"));
}

Result<Settings> settings_from(const nlohmann::json& config) {
  Settings settings;
  settings.daemon.daemon = config.value("virtio_fs_daemon", std::string());
  if (!settings.daemon.daemon.empty() && !settings.daemon.daemon.is_absolute())
    return make_error(ErrorCode::kInvalidArgument,
                      concat("virtio_fs_daemon = \"", settings.daemon.daemon,
                             "\": must be an absolute path, or \"\" to find one"));
  settings.daemon.cache = config.value("virtio_fs_cache", std::string("auto"));
  KATA_TRY(check_cache(settings.daemon.cache), "");
  const auto queue_size = KATA_TRY(config_integer(config, "virtio_fs_queue_size", 1024), "");
  settings.queue_size = KATA_TRY(checked_queue_size(queue_size), "");
  settings.daemon.extra = KATA_TRY(
      parse_extra_args(config.value("virtio_fs_extra_args", std::vector<std::string>())), "");
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

Result<std::filesystem::path> find_daemon(const std::filesystem::path& configured) {
  if (!configured.empty()) {
    if (::access(configured.c_str(), X_OK) == 0) return configured;
    return errno_error(concat("virtio_fs_daemon '", configured, "'"), errno);
  }
  std::string tried;
  for (const char* place : kDaemonPlaces) {
    if (::access(place, X_OK) == 0) return std::filesystem::path(place);
    tried += concat(tried.empty() ? "" : ", ", place);
  }
  return make_error(ErrorCode::kNotFound,
                    concat("no virtiofsd at ", tried,
                           "; install virtiofsd or qemu-system-common, or set virtio_fs_daemon"));
}

}  // namespace kata::virtiofs
