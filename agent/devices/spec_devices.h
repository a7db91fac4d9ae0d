// SPDX-License-Identifier: Apache-2.0
//
// A specification made on the host names devices by the host's numbers; here they become the
// guest's.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "kata/result.h"

namespace grpc {
class Spec;
}

namespace kata::agent {

struct GuestDevice {
  std::string container_path{};  // of the entry in linux.devices
  std::string new_path{};        // empty: the same
  mode_t type = 0;               // S_IFBLK or S_IFCHR
  dev_t number = 0;
};

// Type and numbers of the guest's node.
Result<GuestDevice> describe_node(std::string container_path, const std::string& node);

// Rewrites the entries of linux.devices, the rules of linux.resources.devices for the old numbers,
// and allows the new ones. Nothing is changed when a device has no entry, or two want the same.
Result<void> put_devices(grpc::Spec& spec, const std::vector<GuestDevice>& devices);

}  // namespace kata::agent
