// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/agent_call.h"
#include "programs/kata-runtime/container_state.h"
#include "programs/kata-runtime/resource_flags.h"
#include "programs/kata-runtime/verbs.h"

namespace kata::runtime {
namespace {

constexpr std::chrono::seconds kUpdateTime{10};

Result<int> update(const Globals& globals, const CommandLine& line) {
  const sandbox::Store store = globals.store();
  const auto record = KATA_TRY(store.load_container(line.operands[0]), "");
  const std::string status = status_of(record);
  if (status == "stopped" || status == "creating")
    return wrong_status(store, record, "only the limits of a living container can be changed");
  grpc::UpdateContainerRequest request;
  *request.mutable_resources() = KATA_TRY(requested_resources(line), "");
  if (request.resources().ByteSizeLong() == 0) return 0;
  request.set_container_id(record.id);
  KATA_TRY(ask_agent(store, record.sandbox_id, "UpdateContainer", request, kUpdateTime),
           concat("update container '", record.id, "'"));
  return 0;
}

}  // namespace

Verb update_verb() {
  Verb verb;
  verb.name = "update";
  verb.operands = "CONTAINER-ID";
  verb.summary = "change the limits of a container";
  verb.description =
      "Changes limits of the container's cgroup in the guest; what is not given stays. The VM\n"
      "itself keeps its size: a limit above the VM's memory or CPUs limits nothing.";
  verb.exit_status = "0 when all are changed; 1 when one was refused, with the reason.";
  verb.examples =
      "  kata-runtime update --memory 256m --pids-limit 100 web\n"
      "  echo '{\"cpu\":{\"quota\":50000,\"period\":100000}}' | kata-runtime update -r - web\n";
  verb.add_flags = add_resource_flags;
  verb.run = update;
  return verb;
}

}  // namespace kata::runtime
