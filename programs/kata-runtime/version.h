// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "sandbox/container_state.h"

namespace kata::runtime {

using sandbox::kOciVersion;

inline std::string version_text() {
  return std::string("kata-runtime version " KATA_VERSION "\nspec: ") + kOciVersion + "\n";
}

}  // namespace kata::runtime
