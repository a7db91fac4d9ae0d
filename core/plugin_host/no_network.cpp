// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/no_network.h"

namespace kata::plugin_host {

namespace {

class NoNetwork final : public Network {
 public:
  Result<void> check_host() override { return {}; }
  Result<NetworkPlan> attach(const NetworkSpec& /*spec*/) override { return NetworkPlan{}; }
  Result<void> detach() override { return {}; }
  Result<std::string> save_state() const override { return std::string(); }
};

}  // namespace

std::unique_ptr<Network> make_no_network() { return std::make_unique<NoNetwork>(); }

}  // namespace kata::plugin_host
