// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace kata::runtime {

inline constexpr const char* kOciVersion = "1.1.0";  // of the runtime specification

inline std::string version_text() {
  return std::string("kata-runtime version " KATA_VERSION "\nspec: ") + kOciVersion + "\n";
}

}  // namespace kata::runtime
