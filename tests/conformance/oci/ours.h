// SPDX-License-Identifier: Apache-2.0
//
// A row under kata-agent as an ordinary process on a unix socket: the config.json goes the way it
// goes to a guest, through the same reader, but for what only a VM changes.
#pragma once

#include "tests/conformance/oci/outcome.h"
#include "tests/conformance/oci/stage.h"

namespace kata::conformance {

Outcome run_under_agent(const Stage& stage, const Row& row);

}  // namespace kata::conformance
