// SPDX-License-Identifier: Apache-2.0
//
// create() returns an error.
#include "tests/broken-plugins/good_network.h"

namespace broken {

struct CreateFails final : GoodNetwork {
  static kata::Result<std::unique_ptr<CreateFails>> create(
      const kata::plugin::Context& /*context*/) {
    return kata::make_error(kata::ErrorCode::kUnavailable, "open '/dev/acme': No such device");
  }
};

}  // namespace broken

KATA_PLUGIN(Network, broken::CreateFails, "create_fails", "1.0.0", "Broken", "Apache-2.0", "Fails",
            broken::kConfig);
