// SPDX-License-Identifier: Apache-2.0
//
// A plugin of the first release of kata.network/1: built against an SDK that has no extension yet,
// and whose helpers are others.
#include "tests/broken-plugins/good_network.h"

#if __has_include("kata/plugin/extension.h") || __has_include("kata/plugin/network_changes.h")
#error "this is no older SDK"
#endif

namespace broken {

struct OlderMinor final : GoodNetwork {
  static kata::Result<std::unique_ptr<OlderMinor>> create(
      const kata::plugin::Context& /*context*/) {
    return std::make_unique<OlderMinor>();
  }
};

}  // namespace broken

KATA_PLUGIN(Network, broken::OlderMinor, "older_minor", "1.0.0", "Broken", "Apache-2.0",
            "Is older than the extensions", broken::kConfig);
