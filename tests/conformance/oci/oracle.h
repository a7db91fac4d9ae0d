// SPDX-License-Identifier: Apache-2.0
//
// A row under crun or runc, through the command line that engines use: create, start, exec, delete.
#pragma once

#include <string>

#include "tests/conformance/oci/outcome.h"
#include "tests/conformance/oci/stage.h"

namespace kata::conformance {

Outcome run_under_oracle(const std::string& oracle, const Stage& stage, const Row& row);

}  // namespace kata::conformance
