// SPDX-License-Identifier: Apache-2.0
//
// A field whose default is not of its type.
#include "tests/broken-plugins/good_network.h"

namespace broken {

struct BadTable final : GoodNetwork {
  static kata::Result<std::unique_ptr<BadTable>> create(const kata::plugin::Context& /*context*/) {
    return std::make_unique<BadTable>();
  }
};

constexpr kata::plugin::ConfigField kBadConfig[] = {{"speed", "integer", "\"fast\"", "How fast."}};

}  // namespace broken

KATA_PLUGIN(Network, broken::BadTable, "bad_config_table", "1.0.0", "Broken", "Apache-2.0",
            "Bad table", broken::kBadConfig);
