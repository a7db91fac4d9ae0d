// SPDX-License-Identifier: Apache-2.0
//
// What containerd gives the containers of a pod by way of its pause container, and what the shim
// has to give them when the sandbox stands alone: the pod's sysctls, and /etc/hostname, /etc/hosts
// and /etc/resolv.conf.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "kata/result.h"
#include "oci.pb.h"

namespace kata::shim_v2 {

// Below `directory`, the sandbox's own. No name, no lines of resolv.conf: no such file.
Result<void> write_pod_files(const std::filesystem::path& directory, const std::string& hostname,
                             const std::vector<std::string>& dns);

// What the container's spec says itself stays.
void give_to_container(const std::filesystem::path& directory,
                       const std::map<std::string, std::string>& sysctls, grpc::Spec& spec);

}  // namespace kata::shim_v2
