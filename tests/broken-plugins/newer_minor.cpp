// SPDX-License-Identifier: Apache-2.0
//
// A plugin of a later release of kata.network/1: it offers what this host does not know, and not
// what this host would ask for.
#include "tests/broken-plugins/good_network.h"

namespace broken {

struct NewerMinor final : GoodNetwork {
  static kata::Result<std::unique_ptr<NewerMinor>> create(
      const kata::plugin::Context& /*context*/) {
    return std::make_unique<NewerMinor>();
  }
  void* extension(std::string_view id) noexcept override {
    return id == "kata.network.changes/2" || id == "kata.network.later/1" ? this : nullptr;
  }
};

}  // namespace broken

KATA_PLUGIN(Network, broken::NewerMinor, "newer_minor", "1.0.0", "Broken", "Apache-2.0",
            "Is newer than the host", broken::kConfig);
