// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/agent_call.h"
#include "programs/kata-runtime/verbs.h"
#include "sandbox/container_state.h"

namespace kata::runtime {
namespace {

constexpr std::chrono::seconds kResumeTime{10};
constexpr const char* kNeeded = "only a paused container can be resumed";

Result<int> resume(const Globals& globals, const CommandLine& line) {
  const sandbox::Store store = globals.store();
  const UniqueFd lock = KATA_TRY(store.lock(line.operands[0], in(sandbox::kLockTime)), "");
  auto record = KATA_TRY(store.load_container(line.operands[0]), "");
  const std::string status = status_of(record);
  if (status == "stopped" || status == "creating") return wrong_status(store, record, kNeeded);
  grpc::ResumeContainerRequest request;
  request.set_container_id(record.id);
  const auto resumed = ask_agent(store, record.sandbox_id, "ResumeContainer", request, kResumeTime);
  // A `pause` that was killed half-way left a record that is wrong; otherwise it is right.
  if (!resumed.ok() && status != "paused") return wrong_status(store, record, kNeeded);
  if (!resumed.ok())
    return in_context(resumed.error(), concat("resume container '", record.id, "'"));
  record.paused = false;
  KATA_TRY(store.save(record), "");
  return 0;
}

}  // namespace

Verb resume_verb() {
  Verb verb;
  verb.name = "resume";
  verb.operands = "CONTAINER-ID";
  verb.summary = "let the processes of a paused container go on";
  verb.description = "Ends what 'pause' began.";
  verb.exit_status = "0 when it runs again; 1 when it does not, or was not paused.";
  verb.examples = "  kata-runtime resume web\n";
  verb.run = resume;
  return verb;
}

}  // namespace kata::runtime
