// SPDX-License-Identifier: Apache-2.0
//
// Hooks of a container. In its namespaces run createContainer, while the old root is still there,
// and startContainer as the last thing before the workload, with its user, root and privileges. In
// the agent's run prestart, before createContainer, poststart and poststop.
// https://github.com/opencontainers/runtime-spec/blob/v1.1.0/config.md#posix-platform-hooks
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "kata/result.h"
#include "kata/unique_fd.h"

namespace grpc {
class Hooks;
}

namespace kata::agent {

struct HookPlan {
  std::string path{};
  std::vector<std::string> args{}, env{};
  std::chrono::seconds timeout{};  // 0: none
};

struct ContainerHooks {
  std::vector<HookPlan> prestart{}, create{}, start{}, poststart{}, poststop{};
};

// All but createRuntime, which are the host's. kInvalidArgument names the hook.
Result<ContainerHooks> plan_hooks(const grpc::Hooks& hooks);

// The state that a hook reads from its standard input; `pid` is 0 when there is no process.
std::string hook_state(std::string_view container_id, std::string_view status, pid_t pid,
                       std::string_view bundle);

// One after the other, up to the first that fails, cannot be executed or is overdue. Blocks: for a
// container's process before it becomes the workload. `kind` is for messages.
Result<void> run_hooks(const std::vector<HookPlan>& hooks, std::string_view kind,
                       const std::string& state);

enum class AfterFailure { kStop = 1, kGoOn };

// The same in a process of its own, whose pid is the answer: the caller reaps it. For each hook
// that failed it writes a line to `complaints`.
Result<pid_t> start_hooks(const std::vector<HookPlan>& hooks, std::string_view kind,
                          const std::string& state, UniqueFd complaints, AfterFailure then);

// Waits until they have run: for the agent, while a container is being made.
Result<void> run_hooks_outside(const std::vector<HookPlan>& hooks, std::string_view kind,
                               const std::string& state);

}  // namespace kata::agent
