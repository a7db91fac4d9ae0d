// SPDX-License-Identifier: Apache-2.0
//
// Which device nodes a container may open or make: the rules of linux.resources.devices, then those
// every container needs. The last rule that matches decides; without one the answer is no.
#pragma once

#include <string>
#include <vector>

#include "core/base/device_program.h"
#include "kata/result.h"

namespace grpc {
class Linux;
}

namespace kata::agent {

// The specification's rules, an "rwm" for each node of linux.devices, and the default nodes.
//
// On the wire 0 is also "absent", and -1 always is. A major of 0 is any; a minor of 0 is any for a
// rule that denies, and 0 for one that allows a given major, so that no rule grants more than it
// may mean.
Result<std::vector<DeviceRule>> plan_device_rules(const grpc::Linux& spec);

// "c 1:* rwm", for devices.allow and devices.deny of cgroup v1.
std::string device_rule_text(const DeviceRule& rule);

}  // namespace kata::agent
