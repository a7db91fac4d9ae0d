// SPDX-License-Identifier: Apache-2.0
//
// What the sandbox of a new pod is born with, whether a first container makes it or the Sandbox
// API.
#pragma once

#include <filesystem>
#include <string>

#include "kata/result.h"
#include "oci.pb.h"
#include "sandbox/new_sandbox.h"

namespace kata::shim_v2 {

// `config_path`: the configuration file; empty: at its usual place.
Result<sandbox::SandboxPlan> plan_pod(const std::string& id, const grpc::Spec& spec,
                                      const std::filesystem::path& bundle,
                                      const std::string& config_path);

}  // namespace kata::shim_v2
