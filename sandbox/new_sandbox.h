// SPDX-License-Identifier: Apache-2.0
//
// What a new sandbox is born with, decided from its first container: the configuration after the
// pod's annotations and limits, the network, the control groups. All of it goes into the sandbox's
// record, from which the composition starts.
#pragma once

#include <filesystem>
#include <string>

#include "core/config/config.h"
#include "kata/result.h"
#include "oci.pb.h"
#include "sandbox/store.h"

namespace kata::sandbox {

struct SandboxPlan {
  SandboxRecord record{};   // not saved yet
  config::Config config{};  // as in the record
};

// `bundle` is what relative paths of the spec are below. What may surprise is logged.
Result<SandboxPlan> plan_sandbox(const std::string& id, const grpc::Spec& spec,
                                 const std::filesystem::path& bundle,
                                 const CgroupsPath& cgroups_path, config::Config config);

}  // namespace kata::sandbox
