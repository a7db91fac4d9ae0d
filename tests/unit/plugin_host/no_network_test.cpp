// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "core/plugin_host/plugin_host.h"

namespace kata::plugin_host {

namespace {

config::PluginChoice none() {
  config::PluginChoice choice;
  choice.name = "none";
  return choice;
}

}  // namespace

TEST_CASE("network none gives an empty plan and loads nothing") {
  PluginHost host;
  auto network = host.network(none(), {});
  REQUIRE(network.ok());
  CHECK(network.value()->check_host().ok());
  const auto plan = network.value()->attach({});
  REQUIRE(plan.ok());
  CHECK(plan.value().devices.empty());
  CHECK(plan.value().guest.interfaces.empty());
  CHECK(network.value()->detach().ok());
  CHECK(network.value()->detach().ok());
  CHECK(network.value()->save_state().take().empty());
}

TEST_CASE("network none has no keys") {
  auto choice = none();
  choice.keys["speed"] = {"1", {"c.toml", 2, 1}};
  PluginHost host;
  const auto network = host.network(choice, {});
  REQUIRE_FALSE(network.ok());
  CHECK(network.error().message == "c.toml:2:1: unknown key 'speed' in [network.none]; remove it");
}

TEST_CASE("the other components have no built-in absence") {
  PluginHost host;
  CHECK(host.hypervisor(none(), {}).error().message ==
        "[plugins] hypervisor: expected a plugin's name, found \"none\"; choose one");
  CHECK_FALSE(host.shared_filesystem(none(), {}).ok());
  CHECK_FALSE(host.memory_dedup(none(), {}).ok());
}

}  // namespace kata::plugin_host
