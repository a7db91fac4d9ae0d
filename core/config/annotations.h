// SPDX-License-Identifier: Apache-2.0
//
// Annotations of a pod that change the configuration for its sandbox:
// io.katacontainers.config.{hypervisor,runtime,agent}.KEY. Whoever may create a pod writes them, so
// each is refused unless [hypervisor.NAME] enable_annotations lets it through.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config.h"
#include "kata/result.h"

namespace kata::config {

struct AppliedAnnotations {
  std::vector<std::string> names{};     // of those that changed something
  std::vector<std::string> warnings{};  // of those that were let through and change nothing
};

// An entry of enable_annotations is a regular expression for the whole of KEY, or of "runtime.KEY"
// and "agent.KEY"; a name is the simplest one. A path must also match a glob of its valid_* list.
// The first annotation that is refused is the error; `config` is then not to be used.
Result<AppliedAnnotations> apply_annotations(Config& config,
                                             const std::map<std::string, std::string>& annotations);

// An expression that cannot be used is refused by its text.
Result<void> check_enable_annotations(const std::vector<std::string>& patterns);

// Words for the guest's kernel that would replace what its safety rests on are refused by name.
Result<void> check_kernel_params(std::string_view params, const AgentConfig& agent);

}  // namespace kata::config
