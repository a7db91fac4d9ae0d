// SPDX-License-Identifier: Apache-2.0
//
// What the program says about itself.
#pragma once

namespace kata::agentctl {

extern const char* const kUsageText;
extern const char* const kExitCodeText;
extern const char* const kExamplesText;

}  // namespace kata::agentctl
