// SPDX-License-Identifier: Apache-2.0
#include "sandbox/placement.h"

#include <array>

#include "kata/concat.h"
#include "sandbox/store.h"

namespace kata::sandbox {
namespace {

struct Orchestrator {
  const char *type_key, *sandbox_type, *id_key;
};

constexpr std::array<Orchestrator, 3> kOrchestrators = {{
    {"io.kubernetes.cri.container-type", "sandbox", "io.kubernetes.cri.sandbox-id"},
    {"io.kubernetes.cri-o.ContainerType", "sandbox", "io.kubernetes.cri-o.SandboxID"},
    {"io.kubernetes.docker.type", "podsandbox", "io.kubernetes.sandbox.id"},
}};
constexpr const char* kContainerType = "container";

}  // namespace

Result<Placement> place_container(const std::string& container_id,
                                  const std::map<std::string, std::string>& annotations) {
  for (const Orchestrator& known : kOrchestrators) {
    const auto type = annotations.find(known.type_key);
    if (type == annotations.end()) continue;
    if (type->second == known.sandbox_type) return Placement{container_id, true};
    if (type->second != kContainerType)
      return make_error(ErrorCode::kInvalidArgument,
                        concat("annotation ", known.type_key, ": expected '", known.sandbox_type,
                               "' or '", kContainerType, "', found '", type->second, "'"));
    const auto id = annotations.find(known.id_key);
    if (id == annotations.end())
      return make_error(ErrorCode::kInvalidArgument, concat("annotation ", known.id_key,
                                                            ": expected the id of the pod's "
                                                            "sandbox, found nothing"));
    KATA_TRY(check_id(id->second), concat("annotation ", known.id_key));
    return Placement{id->second, id->second == container_id};
  }
  return Placement{container_id, true};
}

}  // namespace kata::sandbox
