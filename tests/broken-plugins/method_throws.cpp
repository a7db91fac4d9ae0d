// SPDX-License-Identifier: Apache-2.0
//
// Methods throw an exception of the plugin's own type, and something that is no exception.
#include <stdexcept>

#include "tests/broken-plugins/good_network.h"

namespace broken {

struct OwnException final : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct MethodThrows final : GoodNetwork {
  static kata::Result<std::unique_ptr<MethodThrows>> create(
      const kata::plugin::Context& /*context*/) {
    return std::make_unique<MethodThrows>();
  }
  kata::Result<void> check_host() override { throw OwnException("the host is odd"); }
  kata::Result<void> detach() override { throw 7; }
  kata::Result<kata::NetworkPlan> attach(const kata::NetworkSpec& /*spec*/) override {
    return kata::make_error(kata::ErrorCode::kNotFound, "no interface");
  }
};

}  // namespace broken

KATA_PLUGIN(Network, broken::MethodThrows, "method_throws", "1.0.0", "Broken", "Apache-2.0",
            "Throws", broken::kConfig);
