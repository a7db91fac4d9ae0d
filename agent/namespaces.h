// SPDX-License-Identifier: Apache-2.0
//
// The namespaces that containers of one sandbox share: ipc and uts, made with the sandbox; pid, the
// first container's. Held open by descriptor, so that there is nothing to clean up.
#pragma once

#include <sys/types.h>

#include <string>

#include "agent/container/launch.h"
#include "kata/result.h"
#include "kata/unique_fd.h"

namespace grpc {
class Spec;
}

namespace kata::agent {

class SharedNamespaces {
 public:
  // The agent must have one thread: it visits the new namespaces itself.
  static Result<SharedNamespaces> make(const std::string& hostname);

  // Remembers the pid namespace of the first container.
  Result<void> keep_pid_namespace(pid_t pid);
  bool has_pid() const noexcept { return static_cast<bool>(pid_); }

  // Once, before the first container. `place`: a directory of the agent's.
  Result<void> make_mount_seed(const std::filesystem::path& place);
  bool has_mount_seed() const noexcept { return static_cast<bool>(mount_seed_); }

  // What a container of `spec` joins: ipc and uts when the spec lists them, pid when asked for.
  SandboxNamespaces for_spec(const grpc::Spec& spec, bool share_pid) const;

 private:
  UniqueFd ipc_{}, uts_{}, pid_{}, mount_seed_{};
};

// The spec as Kata's agent reads it: listed ipc and uts namespaces become the sandbox's, and a pid
// namespace is always listed, since hosts leave it out.
void rewrite_namespaces(grpc::Spec& spec, const SandboxNamespaces& namespaces);

}  // namespace kata::agent
