// SPDX-License-Identifier: Apache-2.0
//
// Nothing is wrong with this one: the control of the experiment. Its state is its configuration.
#include "tests/broken-plugins/good_network.h"

namespace broken {

class Good final : public GoodNetwork {
 public:
  static kata::Result<std::unique_ptr<Good>> create(const kata::plugin::Context& context) {
    context.host.log(kata::plugin::Host::Level::kInfo, "created");
    auto good = std::make_unique<Good>();
    good->state_ = context.config_json;
    return good;
  }
  kata::Result<std::string> save_state() const override { return state_; }

 private:
  std::string state_{};
};

}  // namespace broken

KATA_PLUGIN(Network, broken::Good, "good", "1.0.0", "Broken", "Apache-2.0", "Works",
            broken::kConfig);
