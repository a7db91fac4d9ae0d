// SPDX-License-Identifier: Apache-2.0
//
// A row under crun or runc, through the command line that engines use: create, start, exec, delete.
#pragma once

#include <string>
#include <vector>

#include "tests/conformance/oci/outcome.h"
#include "tests/conformance/oci/stage.h"

namespace kata::conformance {

// A runtime's program and its options before the verb; `name` is for the bundle's directory.
Outcome run_under_command(const std::string& name, const std::vector<std::string>& command,
                          const Stage& stage, const Row& row);

Outcome run_under_oracle(const std::string& oracle, const Stage& stage, const Row& row);

}  // namespace kata::conformance
