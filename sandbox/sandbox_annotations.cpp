// SPDX-License-Identifier: Apache-2.0
#include "sandbox/sandbox_annotations.h"

#include "core/base/log.h"
#include "core/config/annotations.h"
#include "kata/concat.h"

namespace kata::sandbox {

namespace {

constexpr const char* kMemoryDedup = "io.katacontainers.config.runtime.memory_dedup";

Result<void> opt_out_of_merging(std::map<std::string, std::string>& annotations,
                                config::Config& config) {
  const auto dedup = annotations.find(kMemoryDedup);
  if (dedup == annotations.end()) return {};
  if (dedup->second != "none")
    return make_error(ErrorCode::kInvalidArgument,
                      concat("annotation ", kMemoryDedup, ": expected 'none', found '",
                             dedup->second, "': an annotation can only turn page merging off"));
  config.memory_dedup = {};
  config.memory_dedup.name = "none";
  annotations.erase(dedup);
  return {};
}

}  // namespace

Result<void> apply_annotations(std::map<std::string, std::string> annotations,
                               config::Config& config) {
  KATA_TRY(opt_out_of_merging(annotations, config), "");
  const auto applied = KATA_TRY(config::apply_annotations(config, annotations), "");
  for (const std::string& name : applied.names) log::info("annotation", {{"name", name}});
  for (const std::string& warning : applied.warnings) log::warn(warning);
  return {};
}

}  // namespace kata::sandbox
