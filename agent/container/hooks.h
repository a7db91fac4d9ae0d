// SPDX-License-Identifier: Apache-2.0
//
// Hooks that run in a container's namespaces: createContainer while the old root is still there,
// startContainer as the last thing before the workload, with its user, root and privileges.
// https://github.com/opencontainers/runtime-spec/blob/v1.1.0/config.md#posix-platform-hooks
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "kata/result.h"

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
  std::vector<HookPlan> create{}, start{};
};

// Those that run in the guest; the others are the host's. kInvalidArgument names the hook.
Result<ContainerHooks> plan_hooks(const grpc::Hooks& hooks);

// The state that a hook reads from its standard input.
std::string hook_state(std::string_view container_id, std::string_view status,
                       std::string_view bundle);

// One after the other, up to the first that fails, cannot be executed or is overdue. Blocks: for a
// container's process before it becomes the workload. `kind` is for messages.
Result<void> run_hooks(const std::vector<HookPlan>& hooks, std::string_view kind,
                       const std::string& state);

}  // namespace kata::agent
