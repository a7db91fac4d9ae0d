// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "kata/plugin/descriptor.h"
#include "kata/plugin/fingerprint.h"
#include "tests/broken-plugins/staged_plugin.h"

namespace kata::plugin_host {

namespace {

constexpr const char* kRebuild = "; rebuild the plugin with kata_add_plugin()";

std::string refusal_of_built(const char* name) { return refusal_of(StagedPlugin(name).choice()); }

config::Value value(std::string json) { return {std::move(json), {"/etc/c.toml", 12, 3}}; }

}  // namespace

TEST_CASE("a right plugin is loaded and gets its defaults") {
  const StagedPlugin plugin("good");
  PluginHost host;
  auto made = host.network(plugin.choice(), {"sandbox", plugin.directory(), ""});
  REQUIRE_MESSAGE(made.ok(), made.error().message);
  CHECK(made.value()->check_host().ok());
  const auto state = made.value()->save_state();
  REQUIRE(state.ok());
  CHECK(state.value() == R"({"names":["a"],"path":"/bin/true","speed":3})");
}

TEST_CASE("a right plugin gets the operator's keys") {
  const StagedPlugin plugin("good");
  auto choice = plugin.choice();
  choice.keys["speed"] = value("9");
  PluginHost host;
  auto made = host.network(choice, {});
  REQUIRE(made.ok());
  CHECK(made.value()->save_state().take().find("\"speed\":9") != std::string::npos);
}

TEST_CASE("one plugin makes several instances") {
  const StagedPlugin plugin("good");
  PluginHost host;
  for (int i = 0; i < 100; ++i) CHECK(host.network(plugin.choice(), {}).ok());
}

TEST_CASE("a plugin without its descriptor is refused") {
  CHECK(refusal_of_built("no_symbol") ==
        concat("exported symbol: expected kata_plugin_v1, found none of that name", kRebuild));
}

TEST_CASE("a library without a note is refused") {
  CHECK(refusal_of_built("no_note") ==
        concat("plugin note: expected a section .kata.plugin, found none", kRebuild));
}

TEST_CASE("a descriptor of another ABI is refused") {
  CHECK(refusal_of_built("wrong_abi") ==
        "descriptor ABI: expected 1, found 2; rebuild the plugin against this release's headers");
}

TEST_CASE("a plugin of another standard library is refused") {
  const std::string message = refusal_of_built("foreign_stdlib");
  CHECK(message.starts_with("build fingerprint: expected '" KATA_FP_ARCH KATA_FP_STDLIB));
  CHECK(message.find("found '" KATA_FP_ARCH " libc++'; rebuild the plugin with the architecture") !=
        std::string::npos);
}

TEST_CASE("a plugin built against other headers is refused") {
  CHECK(refusal_of_built("stale_digest") ==
        "interface digest: expected 'sdk:" KATA_DIGEST_Network
        "', found 'sdk:0123456789abcdef'; rebuild the plugin against this release's headers");
}

TEST_CASE("a descriptor that contradicts its note is refused") {
  CHECK(refusal_of_built("note_lies").starts_with("descriptor fingerprint: expected '"));
}

TEST_CASE("a plugin of another interface is refused") {
  CHECK(refusal_of_built("wrong_interface") ==
        "interface: expected 'kata.network/1', found 'kata.memory-dedup/1'; select this plugin for "
        "what it is, or install the one for this release");
}

TEST_CASE("a descriptor with null functions is refused") {
  CHECK(
      refusal_of_built("null_functions") ==
      concat("descriptor: expected functions create and destroy, found a null pointer", kRebuild));
}

TEST_CASE("a descriptor of another size is refused") {
  CHECK(refusal_of_built("short_struct_size") ==
        concat("descriptor size: expected ", sizeof(plugin::Descriptor), " bytes, found ",
               sizeof(plugin::Descriptor) - 8, kRebuild));
  CHECK(refusal_of_built("short_symbol") == concat("descriptor size: expected at least ",
                                                   sizeof(plugin::Descriptor), " bytes, found 4",
                                                   kRebuild));
}

TEST_CASE("a plugin that exports a second symbol is refused") {
#ifdef __SANITIZE_ADDRESS__
  constexpr int kFound = 3;  // AddressSanitizer gives the symbol a twin
#else
  constexpr int kFound = 2;
#endif
  CHECK(refusal_of_built("two_exported_symbols") ==
        concat("exported symbols: expected kata_plugin_v1 only, found ", kFound,
               " with 'leaked_symbol'", kRebuild));
}

TEST_CASE("a plugin with an undefined symbol is refused at load time") {
  const std::string message = refusal_of_built("undefined_symbol");
  CHECK(message.starts_with("dlopen: expected a library whose symbols all resolve, found "));
  CHECK(message.find("function_that_nobody_has") != std::string::npos);
}

TEST_CASE("a plugin whose dependency is missing is refused by the dependency's name") {
  const std::string message = refusal_of_built("missing_dependency");
  CHECK(message.starts_with("dlopen: "));
  CHECK(message.find("libbroken-dependency.so") != std::string::npos);
}

TEST_CASE("a config table with a wrong default is refused") {
  CHECK(refusal_of_built("bad_config_table") ==
        "config table: expected a default of field 'speed' that is an integer, found \"fast\"; "
        "correct the plugin's config table");
}

TEST_CASE("a create that returns null without a reason is an error") {
  CHECK(refusal_of_built("null_create") == "create: create returned null without an error");
}

TEST_CASE("a create that fails keeps its code and reason") {
  const StagedPlugin plugin("create_fails");
  PluginHost host;
  const auto made = host.network(plugin.choice(), {});
  REQUIRE_FALSE(made.ok());
  CHECK(made.error().code == ErrorCode::kUnavailable);
  CHECK(made.error().message ==
        concat("plugin '", plugin.file(), "': create: open '/dev/acme': No such device"));
}

TEST_CASE("a create that throws becomes an error") {
  CHECK(refusal_of_built("create_throws") == "create: create threw: no luck");
}

TEST_CASE("a method that throws becomes an error with the names of plugin and method") {
  const StagedPlugin plugin("method_throws");
  PluginHost host;
  auto made = host.network(plugin.choice(), {});
  REQUIRE(made.ok());
  const auto checked = made.value()->check_host();
  REQUIRE_FALSE(checked.ok());
  CHECK(checked.error().code == ErrorCode::kInternal);
  CHECK(checked.error().message == "plugin 'method_throws': check_host threw the host is odd");
  CHECK(made.value()->detach().error().message ==
        "plugin 'method_throws': detach threw something that is not a std::exception");
  const auto attached = made.value()->attach({});
  REQUIRE_FALSE(attached.ok());
  CHECK(attached.error() == Error{ErrorCode::kNotFound, 0, "plugin 'method_throws': no interface"});
  CHECK(made.value()->save_state().take() == "saved");
}

TEST_CASE("an unknown configuration key is refused before create with place and nearest key") {
  const StagedPlugin plugin("good");
  auto choice = plugin.choice();
  choice.keys["sped"] = value("9");
  PluginHost host;
  const auto made = host.network(choice, {});
  REQUIRE_FALSE(made.ok());
  CHECK(made.error().message ==
        "/etc/c.toml:12:3: unknown key 'sped' in [network.good]; did you mean 'speed'?");
}

TEST_CASE("a key of the wrong type is refused before create") {
  const StagedPlugin plugin("good");
  auto choice = plugin.choice();
  choice.keys["speed"] = value("\"fast\"");
  PluginHost host;
  const auto made = host.network(choice, {});
  REQUIRE_FALSE(made.ok());
  CHECK(made.error().message ==
        "/etc/c.toml:12:3: key 'speed' in [network.good]: expected an integer, found \"fast\"; "
        "correct it, or remove the line for the default 3");
}

TEST_CASE("a plugin under the file name of another is refused") {
  const StagedPlugin plugin("good", "libkata-net-tap.so");
  CHECK(refusal_of(plugin.choice()) ==
        "name: expected a file name that ends in '-good.so', found 'libkata-net-tap.so'; rename "
        "the file");
}

TEST_CASE("inspect reads a plugin of any interface and build without loading it") {
  const StagedPlugin stale("stale_digest");
  const auto info = PluginHost::inspect(stale.file());
  REQUIRE(info.ok());
  CHECK(info.value().name == "broken");
  CHECK(info.value().interface_id == "kata.network/1");
  CHECK(info.value().fingerprint.ends_with("sdk:0123456789abcdef"));
  CHECK(info.value().version == "1.0.0");
  CHECK(info.value().summary == "is broken");
  std::ifstream maps("/proc/self/maps");
  std::stringstream text;
  text << maps.rdbuf();
  CHECK(text.str().find("stale_digest.so") == std::string::npos);
}

TEST_CASE("the field table prints as TOML with a comment on each key") {
  const StagedPlugin plugin("good");
  PluginHost host;
  const auto text = host.config_as_toml(plugin.choice(), "network");
  REQUIRE(text.ok());
  CHECK(text.value() ==
        "# Works\n# good 1.0.0, Broken, Apache-2.0\n[network.good]\n"
        "\n# A program. (path)\npath = \"/bin/true\"\n"
        "\n# How fast. (integer)\nspeed = 3\n"
        "\n# Some names. (string[])\nnames = [\"a\"]\n");
  CHECK_FALSE(host.config_as_toml(plugin.choice(), "hypervisor").ok());
  CHECK_FALSE(host.config_as_toml(plugin.choice(), "nonsense").ok());
}

}  // namespace kata::plugin_host
