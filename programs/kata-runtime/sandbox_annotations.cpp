// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/sandbox_annotations.h"

#include "kata/concat.h"

namespace kata::runtime {

namespace {
constexpr const char* kMemoryDedup = "io.katacontainers.config.runtime.memory_dedup";
}

Result<void> apply_annotations(const std::map<std::string, std::string>& annotations,
                               config::Config& config) {
  const auto dedup = annotations.find(kMemoryDedup);
  if (dedup == annotations.end()) return {};
  if (dedup->second != "none")
    return make_error(ErrorCode::kInvalidArgument,
                      concat("annotation ", kMemoryDedup, ": expected 'none', found '",
                             dedup->second, "': an annotation can only turn page merging off"));
  config.memory_dedup = {};
  config.memory_dedup.name = "none";
  return {};
}

}  // namespace kata::runtime
