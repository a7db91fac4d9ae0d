// SPDX-License-Identifier: Apache-2.0
//
// Plugins of other releases of one interface, and plugins that throw from wherever they can.
#include <doctest/doctest.h>

#include "kata/plugin/extension.h"
#include "kata/plugin/network_changes.h"
#include "tests/broken-plugins/every_call.h"
#include "tests/broken-plugins/staged_plugin.h"

namespace kata::plugin_host {

namespace {

// Loads, works, and is refused what it cannot do.
void check_minor(const char* name) {
  const StagedPlugin plugin(name);
  PluginHost host;
  const auto made = host.network(plugin.choice(), {});
  REQUIRE_MESSAGE(made.ok(), made.error().message);
  Network& network = *made.value();
  CHECK(network.attach({}).ok());
  CHECK(network.save_state().take() == "saved");
  CHECK(extension_of<NetworkChanges>(network) == nullptr);
  const auto required = required_extension<NetworkChanges>(network, name);
  REQUIRE_FALSE(required.ok());
  CHECK(required.error() ==
        Error{ErrorCode::kUnsupported, 0,
              concat("plugin '", name, "' does not offer 'kata.network.changes/1': it cannot do ",
                     "this, or was built before the extension; take a version of the plugin that ",
                     "has it")});
}

// `make` gives an instance of the plugin called `name`, for what it is to throw.
template <class Make>
void check_throws(const char* name, Make make) {
  struct Row {
    const char* what;
    const char* said;
  };
  for (const Row& row : {Row{"own", "broken"}, Row{"standard", "broken"},
                         Row{"number", "something that is not a std::exception"}}) {
    CAPTURE(row.what);
    const StagedPlugin plugin(name);
    auto choice = plugin.choice();
    choice.keys["what"] = {concat('"', row.what, '"'), {}};
    PluginHost host;
    auto made = make(host, choice);
    REQUIRE_MESSAGE(made.ok(), made.error().message);
    broken::every_call(*made.value(), {name, row.said});
  }
}

}  // namespace

TEST_CASE("a plugin that was built before an extension loads and is refused it by name") {
  check_minor("older_minor");
}

TEST_CASE("a plugin that offers what the host does not know loads and is not asked for it") {
  check_minor("newer_minor");
}

TEST_CASE("a hypervisor plugin may throw from each call of it and of its extensions") {
  check_throws("throws_hypervisor", [](PluginHost& host, const config::PluginChoice& choice) {
    return host.hypervisor(choice, {});
  });
}

TEST_CASE("a network plugin may throw from each call of it and of its extension") {
  check_throws("throws_network", [](PluginHost& host, const config::PluginChoice& choice) {
    return host.network(choice, {});
  });
}

TEST_CASE("a shared filesystem plugin may throw from each call") {
  check_throws("throws_shared_filesystem",
               [](PluginHost& host, const config::PluginChoice& choice) {
                 return host.shared_filesystem(choice, {});
               });
}

TEST_CASE("a memory dedup plugin may throw from each call") {
  check_throws("throws_memory_dedup", [](PluginHost& host, const config::PluginChoice& choice) {
    return host.memory_dedup(choice, {});
  });
}

}  // namespace kata::plugin_host
