// SPDX-License-Identifier: Apache-2.0
//
// What the plugin asks of every Cloud Hypervisor and an older one ignores without a word.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "api_replies.h"
#include "cloudhv_config.h"
#include "kata/plugin/hypervisor.h"

namespace kata::cloudhv {

// A line for each that matters to this VM.
std::vector<std::string> gaps_of(const VmmVersion& version, const CloudhvConfig& config,
                                 std::span<const Device> devices);

}  // namespace kata::cloudhv
