// SPDX-License-Identifier: Apache-2.0
//
// What a CreateSandbox call says of the new sandbox, from up to three places: config.json of its
// bundle, if it is there; the CRI's description of the pod, if the options are one; and the call's
// own fields, which come last and win.
#pragma once

#include <string>
#include <vector>

#include "containerd/sandbox_api.pb.h"
#include "kata/result.h"
#include "oci.pb.h"

namespace kata::shim_v2 {

struct SandboxDescription {
  grpc::Spec spec{};               // its network, host name, annotations, cgroup, limits, sysctls
  std::vector<std::string> dns{};  // lines of the guest's resolv.conf, beside those of the spec
};

Result<void> check_sandbox_request(const containerd::sandbox_api::CreateSandboxRequest& request);

Result<SandboxDescription> describe_sandbox(
    const containerd::sandbox_api::CreateSandboxRequest& request);

}  // namespace kata::shim_v2
