// SPDX-License-Identifier: Apache-2.0
//
// What an OCI spec says about the network of its sandbox: which network namespace, and which lines
// of resolv.conf.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "kata/result.h"
#include "kata/unique_fd.h"
#include "oci.pb.h"

namespace kata::sandbox {

struct PodNetwork {
  std::string netns{};             // path of the namespace to use; empty: none, or a new one
  bool new_netns = false;          // make one, which lives as long as the proxy
  std::vector<std::string> dns{};  // lines for the guest's resolv.conf, without comments
};

// `with_plugin`: a network plugin is selected. It takes over what it finds in the namespace, so a
// spec that asks for the host's network is then refused. `bundle` is what relative paths are below.
Result<PodNetwork> pod_network_of(const grpc::Spec& spec, const std::filesystem::path& bundle,
                                  bool with_plugin);

// A further container of a pod must be in the pod's own namespace, or say nothing about one.
Result<void> check_same_network(const grpc::Spec& spec, const std::string& pod_netns);

// A new network namespace, which goes with the last descriptor of it and process in it. The calling
// thread keeps its own.
Result<UniqueFd> make_network_namespace();

}  // namespace kata::sandbox
