// SPDX-License-Identifier: Apache-2.0
//
// A link of the pod as the guest's interface.
#pragma once

#include <string>

#include "kata/plugin/network.h"
#include "link.h"

namespace kata::tap {

GuestInterface guest_interface(const std::string& device, const Link& link);

}  // namespace kata::tap
