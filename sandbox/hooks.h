// SPDX-License-Identifier: Apache-2.0
//
// The hooks of config.json that run on the host: each is a program that gets the container's state
// on its standard input (OCI runtime specification, "POSIX-platform Hooks").
//
// prestart, createRuntime, poststart and poststop run in the namespaces of this program,
// createContainer in the container's network namespace, which is the only one of its namespaces on
// the host. The first two see the pid of the process that stands for the container there, whose
// network namespace is the container's.
#pragma once

#include <filesystem>
#include <string>

#include "kata/result.h"
#include "oci.pb.h"
#include "sandbox/store.h"

namespace kata::sandbox {

using HookList = google::protobuf::RepeatedPtrField<grpc::Hook>;

struct HookStage {
  const char* name = "";            // as in config.json: "createRuntime"
  std::filesystem::path netns{};    // to run in; empty: this program's
  bool (*interrupted)() = nullptr;  // true: the hook that runs is killed
};

// One after the other. The first that fails (a code other than 0, a signal, its timeout) is the
// error, with the last line it printed; the rest does not run. Hooks that outlive their timeout are
// killed.
Result<void> run_hooks(const HookList& hooks, const HookStage& stage, const std::string& state);

// All that belong to the creation, in order. `netns` is the pod's; `interrupted` as of a stage.
Result<void> run_create_hooks(const grpc::Hooks& hooks, const ContainerRecord& record,
                              const std::filesystem::path& netns, bool (*interrupted)());

// The hooks of the container's bundle, which is read again if the record says that it had some for
// after the start.
grpc::Hooks late_hooks_of(const ContainerRecord& record);

// These change nothing any more: a failure is logged.
void run_poststart_hooks(const ContainerRecord& record);
void run_poststop_hooks(const grpc::Hooks& hooks, const ContainerRecord& record);

}  // namespace kata::sandbox
