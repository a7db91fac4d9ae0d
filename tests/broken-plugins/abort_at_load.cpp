// SPDX-License-Identifier: Apache-2.0
//
// A static initialiser ends the program: dlopen does not come back.
#include <cstdlib>

#include "tests/broken-plugins/good_network.h"

namespace broken {

__attribute__((constructor)) void end() { std::abort(); }

struct AbortAtLoad final : GoodNetwork {
  static kata::Result<std::unique_ptr<AbortAtLoad>> create(
      const kata::plugin::Context& /*context*/) {
    return std::make_unique<AbortAtLoad>();
  }
};

}  // namespace broken

KATA_PLUGIN(Network, broken::AbortAtLoad, "abort_at_load", "1.0.0", "Broken", "Apache-2.0",
            "Ends the program when it is loaded", broken::kConfig);
