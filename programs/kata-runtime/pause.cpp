// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/agent_call.h"
#include "programs/kata-runtime/verbs.h"
#include "sandbox/container_state.h"

namespace kata::runtime {
namespace {

constexpr std::chrono::seconds kPauseTime{10};

// The record follows the guest. Killed in between, it says "running", and `resume` asks the guest.
Result<int> pause(const Globals& globals, const CommandLine& line) {
  const sandbox::Store store = globals.store();
  const UniqueFd lock = KATA_TRY(store.lock(line.operands[0], in(sandbox::kLockTime)), "");
  auto record = KATA_TRY(store.load_container(line.operands[0]), "");
  const std::string status = status_of(record);
  if (status != "running" && status != "created")
    return wrong_status(store, record, "only a created or running container can be paused");
  grpc::PauseContainerRequest request;
  request.set_container_id(record.id);
  KATA_TRY(ask_agent(store, record.sandbox_id, "PauseContainer", request, kPauseTime),
           concat("pause container '", record.id, "'"));
  record.paused = true;
  KATA_TRY(store.save(record), "");
  return 0;
}

}  // namespace

Verb pause_verb() {
  Verb verb;
  verb.name = "pause";
  verb.operands = "CONTAINER-ID";
  verb.summary = "stop all processes of a container where they are";
  verb.description =
      "Freezes the container's processes in the guest; 'resume' lets them go on. The VM and other\n"
      "containers of its pod keep running. Signals wait until 'resume', but for KILL on a guest\n"
      "with cgroup version 2.";
  verb.exit_status = "0 when it is paused; 1 when it is not, or was before.";
  verb.examples = "  kata-runtime pause web && kata-runtime state web | jq -r .status\n";
  verb.run = pause;
  return verb;
}

}  // namespace kata::runtime
