// SPDX-License-Identifier: Apache-2.0
//
// Which sandbox a container belongs to: its own, or one that an orchestrator made for its pod and
// names in the container's annotations.
#pragma once

#include <map>
#include <string>

#include "kata/result.h"

namespace kata::sandbox {

struct Placement {
  std::string sandbox_id{};
  bool new_sandbox = true;
};

Result<Placement> place_container(const std::string& container_id,
                                  const std::map<std::string, std::string>& annotations);

}  // namespace kata::sandbox
