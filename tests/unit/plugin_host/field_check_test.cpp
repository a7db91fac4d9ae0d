// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/field_check.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "kata/concat.h"

namespace kata::plugin_host {

namespace {

using plugin::ConfigField;
using Json = nlohmann::json;

constexpr ConfigField kFields[] = {
    {"label", "string", "\"x\"", "A label."},     {"file", "path", nullptr, "A file."},
    {"count", "integer", "3", "A count."},        {"ratio", "number", "0.5", "A ratio."},
    {"active", "boolean", "false", "Is active."}, {"names", "string[]", "[]", "Names."}};

config::PluginChoice choice_with(std::map<std::string, std::string> keys) {
  config::PluginChoice choice;
  for (auto& [key, json] : keys) choice.keys[key] = {json, {"c.toml", 7, 2}};
  return choice;
}

Result<std::string> check(std::map<std::string, std::string> keys) {
  return check_keys(choice_with(std::move(keys)), "network.acme", kFields, {});
}

std::string refusal(std::map<std::string, std::string> keys) {
  const auto checked = check(std::move(keys));
  REQUIRE_FALSE(checked.ok());
  CHECK(checked.error().code == ErrorCode::kInvalidArgument);
  return checked.error().message;
}

}  // namespace

TEST_CASE("defaults are filled in and written keys win") {
  const auto checked = check({{"file", "\"/f\""}, {"count", "4"}, {"ratio", "2"}});
  REQUIRE_MESSAGE(checked.ok(), checked.error().message);
  CHECK(Json::parse(checked.value()) == Json{{"label", "x"},
                                             {"file", "/f"},
                                             {"count", 4},
                                             {"ratio", 2},
                                             {"active", false},
                                             {"names", Json::array()}});
}

TEST_CASE("a missing required key is named with its meaning") {
  CHECK(refusal({}) ==
        "[network.acme]: key 'file' is required (A file.): expected an absolute path in quotes, "
        "found nothing; add it");
}

TEST_CASE("each type refuses the others") {
  const std::pair<const char*, std::vector<const char*>> wrong[] = {
      {"label", {"1", "true", "[\"a\"]", "{}", "null"}},
      {"file", {"1", "\"relative\"", "\"../x\"", "\"/a\\u0000b\"", "[]"}},
      {"count", {"1.5", "\"1\"", "true", "1.0"}},
      {"ratio", {"\"1\"", "true", "[]"}},
      {"active", {"0", "\"true\"", "null"}},
      {"names", {"\"a\"", "[1]", "[[\"a\"]]", "{}"}}};
  for (const auto& [key, values] : wrong) {
    for (const char* json : values) {
      CAPTURE(key);
      CAPTURE(json);
      std::map<std::string, std::string> keys{{"file", "\"/f\""}};
      keys[key] = json;
      CHECK(refusal(std::move(keys))
                .starts_with(concat("c.toml:7:2: key '", key, "' in [network.acme]: expected ")));
    }
  }
}

TEST_CASE("an unknown key suggests the plugin's fields and the table's other keys") {
  constexpr std::string_view also[] = {"kernel", "initrd"};
  const auto refused = [&](const char* key) {
    return check_keys(choice_with({{key, "1"}}), "hypervisor.acme", kFields, also).error().message;
  };
  CHECK(refused("cuont") ==
        "c.toml:7:2: unknown key 'cuont' in [hypervisor.acme]; did you mean 'count'?");
  CHECK(refused("kernal") ==
        "c.toml:7:2: unknown key 'kernal' in [hypervisor.acme]; did you mean 'kernel'?");
}

TEST_CASE("a sane field table passes and each defect of one is refused") {
  CHECK(check_field_table(kFields).ok());
  CHECK(check_field_table({}).ok());
  const ConfigField defects[] = {
      {nullptr, "string", nullptr, "d"}, {"a", nullptr, nullptr, "d"},
      {"a", "float", nullptr, "d"},      {"a", "string", nullptr, nullptr},
      {"a", "integer", "\"x\"", "d"},    {"a", "string", "{", "d"},
      {"a", "path", "\"relative\"", "d"}};
  for (const ConfigField& defect : defects) {
    const auto checked = check_field_table({&defect, 1});
    REQUIRE_FALSE(checked.ok());
    CHECK(checked.error().message.starts_with("config table: expected "));
  }
  const ConfigField twice[] = {{"a", "string", nullptr, "d"}, {"a", "string", nullptr, "d"}};
  CHECK_FALSE(check_field_table(twice).ok());
}

TEST_CASE("the table as TOML shows required keys as comments") {
  plugin::Descriptor descriptor{};
  descriptor.summary = "Does things";
  descriptor.name = "acme";
  descriptor.config = kFields;
  descriptor.config_count = 2;
  CHECK(fields_as_toml(descriptor, "network.acme") ==
        "# Does things\n# acme , , \n[network.acme]\n"
        "\n# A label. (string)\nlabel = \"x\"\n"
        "\n# A file. (path)\n# file =   # required\n");
}

}  // namespace kata::plugin_host
