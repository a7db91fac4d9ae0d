// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "core/base/log.h"
#include "core/config/config.h"
#include "programs/kata-runtime/agent_call.h"
#include "programs/kata-runtime/resource_flags.h"
#include "programs/kata-runtime/verbs.h"
#include "sandbox/container_state.h"

namespace kata::runtime {
namespace {

constexpr std::chrono::seconds kUpdateTime{10};

// No error: callers give a limit first and a larger VM, if any, by other means.
void warn_of_useless_limit(const sandbox::Store& store, const std::string& sandbox_id,
                           std::int64_t limit) {
  const auto record = store.load_sandbox(sandbox_id);
  if (!record.ok() || limit <= 0) return;
  const auto config = config::config_from_json(record.value().config_json);
  if (!config.ok()) return;
  const std::uint64_t mib = config.value().vm.default_memory_mib;
  if (mib == 0 || static_cast<std::uint64_t>(limit) <= mib << 20) return;
  const std::string warning =
      concat("the memory limit of ", limit, " bytes limits nothing: the VM has ", mib,
             " MiB (default_memory)");
  std::fprintf(stderr, "kata-runtime: %s\n", warning.c_str());
  log::warn(warning);
}

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
  warn_of_useless_limit(store, record.sandbox_id, request.resources().memory().limit());
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
      "itself keeps its size: a memory limit above the VM's is set with a warning.";
  verb.exit_status = "0 when all are changed; 1 when one was refused, with the reason.";
  verb.examples =
      "  kata-runtime update --memory 256m --pids-limit 100 web\n"
      "  echo '{\"cpu\":{\"quota\":50000,\"period\":100000}}' | kata-runtime update -r - web\n";
  verb.add_flags = add_resource_flags;
  verb.run = update;
  return verb;
}

}  // namespace kata::runtime
