// SPDX-License-Identifier: Apache-2.0
//
// create() throws.
#include <stdexcept>

#include "tests/broken-plugins/good_network.h"

namespace broken {

struct CreateThrows final : GoodNetwork {
  static kata::Result<std::unique_ptr<CreateThrows>> create(
      const kata::plugin::Context& /*context*/) {
    throw std::runtime_error("no luck");
  }
};

}  // namespace broken

KATA_PLUGIN(Network, broken::CreateThrows, "create_throws", "1.0.0", "Broken", "Apache-2.0",
            "Throws", broken::kConfig);
