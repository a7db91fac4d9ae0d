// SPDX-License-Identifier: Apache-2.0
#include "sandbox/hooks.h"

#include <nlohmann/json.hpp>

#include "core/base/log.h"
#include "kata/concat.h"
#include "sandbox/container_state.h"
#include "sandbox/hook_process.h"
#include "sandbox/oci_spec.h"

namespace kata::sandbox {

namespace {

Result<void> run_one(const grpc::Hook& hook, const HookStage& stage, const std::string& state) {
  TimedProgram program;
  program.path = hook.path();
  program.args = {hook.args().begin(), hook.args().end()};
  program.environment = {hook.env().begin(), hook.env().end()};
  program.timeout = std::chrono::seconds(hook.timeout());
  program.netns = stage.netns;
  program.input = state;
  program.interrupted = stage.interrupted;
  return run_hook(program);
}

void log_failure(const Result<void>& ran) {
  if (!ran.ok()) log::warn("a hook failed", {{"error", ran.error().message}});
}

}  // namespace

Result<void> run_hooks(const HookList& hooks, const HookStage& stage, const std::string& state) {
  for (int index = 0; index < hooks.size(); ++index)
    KATA_TRY(run_one(hooks[index], stage, state), concat("config.json: hooks.", stage.name, '[',
                                                         index, "]: '", hooks[index].path(), "'"));
  return {};
}

Result<void> run_create_hooks(const grpc::Hooks& hooks, const ContainerRecord& record,
                              const std::filesystem::path& netns, bool (*interrupted)()) {
  const std::string state = state_json(record).dump();
  KATA_TRY(run_hooks(hooks.prestart(), {"prestart", {}, interrupted}, state), "");
  KATA_TRY(run_hooks(hooks.createruntime(), {"createRuntime", {}, interrupted}, state), "");
  return run_hooks(hooks.createcontainer(), {"createContainer", netns, interrupted}, state);
}

grpc::Hooks late_hooks_of(const ContainerRecord& record) {
  grpc::Spec spec;
  if (!record.late_hooks) return {};
  const auto bundle = load_bundle(record.bundle, spec);
  if (bundle.ok()) return spec.hooks();
  log::warn("the hooks of the bundle cannot be read again", {{"error", bundle.error().message}});
  return {};
}

void run_poststart_hooks(const ContainerRecord& record) {
  const grpc::Hooks hooks = late_hooks_of(record);
  log_failure(run_hooks(hooks.poststart(), {"poststart"}, state_json(record).dump()));
}

// What happens to a container after its end does not depend on the hook before: all run.
void run_poststop_hooks(const grpc::Hooks& hooks, const ContainerRecord& record) {
  const std::string state = state_json(record).dump();
  for (const grpc::Hook& hook : hooks.poststop()) {
    HookList one;
    *one.Add() = hook;
    log_failure(run_hooks(one, {"poststop"}, state));
  }
}

}  // namespace kata::sandbox
