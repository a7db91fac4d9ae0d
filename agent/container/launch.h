// SPDX-License-Identifier: Apache-2.0
//
// Starting processes of a container: the init process (namespaces, rootfs, cgroup, privileges) and
// later ones that join it.
//
// The agent is single-threaded, so a plain fork may do anything in the child. The agent blocks
// SIGCHLD, SIGTERM and SIGINT and ignores SIGPIPE: the workload must start with an empty mask and
// default actions. Nothing here waits for a process to end: the caller reaps (SIGCHLD) and learns
// of `pid`. The caller's event loop is blocked only for the set-up, milliseconds.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

#include "agent/container/users.h"
#include "kata/result.h"
#include "kata/unique_fd.h"

namespace grpc {
class Process;
class Spec;
}  // namespace grpc

namespace kata::agent {

// The child's ends; the caller keeps the others. With a terminal all three are duplicates of one
// pty slave.
struct ProcessStdio {
  UniqueFd in{}, out{}, err{};
};

struct ContainerPaths {
  std::filesystem::path bundle{};  // <run>/<container id>: made by the caller, holds rootfs/
  std::filesystem::path cgroup{};  // below the cgroup root: "/<id>" or the spec's cgroupsPath
};

// The shared namespaces of the sandbox; a path is empty when the container gets its own. The mount
// namespace is copied from `mount_seed` (mount_seed.h), or without one from the agent's.
struct SandboxNamespaces {
  std::filesystem::path ipc{}, uts{}, pid{}, mount_seed{};
};

struct LaunchedInit {
  pid_t pid = -1;  // in the agent's pid namespace
  UniqueFd
      start_gate{};     // write one byte: the process goes on to execve; close it: the process ends
  UniqueFd terminal{};  // master of a terminal in the container's devpts, used in place of `stdio`
};

// Does everything up to, not including, execve of the workload. On failure nothing is left: no
// process, mount or cgroup. kInvalidArgument when the spec is at fault; the message names the
// field. `user` is looked up in the container and wins over the specification's numbers.
Result<LaunchedInit> launch_init(const grpc::Spec& spec, const std::string& container_id,
                                 const ContainerPaths& paths, const SandboxNamespaces& namespaces,
                                 ProcessStdio stdio, UserNames user = {});

// Joins all namespaces and the cgroup of `init_pid` and executes `process`. Returns when execve
// succeeded or failed. `terminal` is set as LaunchedInit's is.
Result<pid_t> launch_exec(const grpc::Process& process, const grpc::Spec& container_spec,
                          const ContainerPaths& paths, pid_t init_pid, ProcessStdio stdio,
                          UniqueFd* terminal = nullptr, UserNames user = {});

// Kills every process of the container's cgroup and waits, at most until the deadline, for the
// cgroup to be empty; then removes it.
Result<void> destroy_container(const ContainerPaths& paths, Deadline deadline);

// SIGKILL to every process in the cgroup (freezing first where the kernel can). For SignalProcess
// without an exec id.
Result<void> signal_all(const ContainerPaths& paths, int signal);

}  // namespace kata::agent
