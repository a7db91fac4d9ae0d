// SPDX-License-Identifier: Apache-2.0
//
// What the annotations of a sandbox's first container change in its configuration. They come from
// whoever may start containers: the operator's list (core/config/annotations.h) says which may add.
#pragma once

#include <map>
#include <string>

#include "core/config/config.h"
#include "kata/result.h"

namespace kata::sandbox {

// "io.katacontainers.config.runtime.memory_dedup" = "none" needs no list, since it only takes away:
// no page of this VM is merged.
Result<void> apply_annotations(std::map<std::string, std::string> annotations,
                               config::Config& config);

}  // namespace kata::sandbox
