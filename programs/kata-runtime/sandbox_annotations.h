// SPDX-License-Identifier: Apache-2.0
//
// What the annotations of a sandbox's first container change in its configuration. They come from
// whoever may start containers, so they can only take away what the operator has given.
#pragma once

#include <map>
#include <string>

#include "core/config/config.h"
#include "kata/result.h"

namespace kata::runtime {

// "io.katacontainers.config.runtime.memory_dedup" = "none": no page of this VM is merged.
Result<void> apply_annotations(const std::map<std::string, std::string>& annotations,
                               config::Config& config);

}  // namespace kata::runtime
