// SPDX-License-Identifier: Apache-2.0
//
// A sandbox's network as the guest will see it: reads the pod's network namespace, makes a tap
// there for each link with an address, and mirrors frames between the two. One instance a sandbox.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kata/plugin/descriptor.h"
#include "kata/plugin/draft/network.h"
#include "link.h"
#include "saved_state.h"
#include "settings.h"

namespace kata::tap {

class TapNetwork final : public Network {
 public:
  static Result<std::unique_ptr<TapNetwork>> create(const plugin::Context& context);

  Result<void> check_host() override;
  Result<NetworkPlan> attach(const NetworkSpec& spec) override;
  Result<void> detach() override;
  Result<std::string> save_state() const override { return to_json(state_); }

 private:
  TapNetwork(plugin::Host& host, Settings settings, std::filesystem::path state_dir,
             SavedState state)
      : host_(host),
        settings_(settings),
        state_dir_(std::move(state_dir)),
        state_(std::move(state)) {}

  // These run inside the pod's namespace.
  Result<void> build(const NetworkSpec& spec, NetworkPlan& plan);
  Result<std::vector<Link>> wanted_links(nl_sock& socket);
  Result<void> attach_link(nl_sock& socket, const Link& link, std::uint32_t queues,
                           NetworkPlan& plan);

  Result<void> undo_all();

  void warn(std::string_view message) { host_.log(plugin::Host::Level::kWarn, message); }

  plugin::Host& host_;
  Settings settings_;
  std::filesystem::path state_dir_;
  SavedState state_;
};

}  // namespace kata::tap
