// SPDX-License-Identifier: Apache-2.0
//
// network = "none": the guest has no interface but its loopback.
#pragma once

#include <memory>

#include "kata/plugin/network.h"

namespace kata::plugin_host {

std::unique_ptr<Network> make_no_network();

}  // namespace kata::plugin_host
