// SPDX-License-Identifier: Apache-2.0
//
// Parts of an OCI config.json as the agent's messages, by the converter that kata-runtime uses
// (sandbox/oci_spec.h). Each replaces what the request has in that place.
#pragma once

#include <string>
#include <vector>

#include "kata/result.h"
#include "programs/kata-agent-ctl/schema.h"

namespace kata::agentctl {

// CreateContainer: OCI from DIRECTORY/config.json; Root.Path becomes the absolute rootfs.
Result<void> apply_bundle(const std::string& directory, Message& request,
                          std::vector<std::string>& warnings);
// CreateContainer: OCI from one file; Root.Path as it stands there.
Result<void> apply_spec(const std::string& file, Message& request,
                        std::vector<std::string>& warnings);
// ExecProcess: process.
Result<void> apply_process(const std::string& file, Message& request,
                           std::vector<std::string>& warnings);
// UpdateContainer: resources.
Result<void> apply_resources(const std::string& file, Message& request,
                             std::vector<std::string>& warnings);

}  // namespace kata::agentctl
