// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/container_state.h"

#include <nlohmann/json.hpp>

#include "programs/kata-runtime/version.h"

namespace kata::runtime {

std::string status_of(const sandbox::ContainerRecord& record) {
  if (record.status == "creating") return record.status;
  if (!sandbox::is_alive(record.shim)) return "stopped";
  return record.paused ? "paused" : record.status;
}

nlohmann::ordered_json state_json(const sandbox::ContainerRecord& record) {
  const std::string status = status_of(record);
  return {{"ociVersion", kOciVersion},
          {"id", record.id},
          {"pid", status == "stopped" ? 0 : record.shim.pid},
          {"status", status},
          {"bundle", record.bundle},
          {"rootfs", record.rootfs},
          {"created", record.created},
          {"annotations", record.annotations},
          {"owner", record.owner}};
}

}  // namespace kata::runtime
