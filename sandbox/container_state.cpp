// SPDX-License-Identifier: Apache-2.0
#include "sandbox/container_state.h"

#include <nlohmann/json.hpp>

namespace kata::sandbox {

std::string status_of(const ContainerRecord& record) {
  if (record.status == "creating")
    return record.creator.pid != 0 && !is_alive(record.creator) ? "stopped" : record.status;
  if (!is_alive(record.shim)) return "stopped";
  return record.paused ? "paused" : record.status;
}

nlohmann::ordered_json state_json(const ContainerRecord& record) {
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

}  // namespace kata::sandbox
