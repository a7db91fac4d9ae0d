// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "kata/plugin/hypervisor.h"

namespace kata::sandbox {

// "; the guest's console ends: …" for the end of a message; empty when it is. One line, and without
// control characters: the guest wrote it.
std::string console_words(const Hypervisor& hypervisor);

}  // namespace kata::sandbox
