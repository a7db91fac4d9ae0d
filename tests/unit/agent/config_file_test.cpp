// SPDX-License-Identifier: Apache-2.0
#include "agent/config_file.h"

#include <doctest/doctest.h>

#include <fstream>

#include "tests/temporary_directory.h"

using namespace kata;
using namespace kata::agent;

namespace {

struct File {
  TemporaryDirectory directory{};
  std::filesystem::path path = directory.path() / "agent.toml";
  explicit File(const std::string& text) { std::ofstream(path) << text; }
};

}  // namespace

TEST_CASE("a file sets what it names") {
  const File file(
      "# the agent of a test\n"
      "log_level = \"debug\"   # loud\n"
      "server_addr='unix:///run/a'\r\n"
      "debug_console = true\n"
      "debug_console_vport = 1_026\n"
      "container_pipe_size = +65536\n"
      "hotplug_timeout = { secs = 9, nanos = 0 }\n"
      "unified_cgroup_hierarchy = true\n"
      "dev_mode = false\n"
      "\n"
      "[cdh_api_timeout]\n"
      "secs = 50\n"
      "nanos = 5");
  AgentConfig config;
  const auto warnings = apply_config_file(file.path, config);
  REQUIRE_MESSAGE(warnings.ok(), warnings.error().message);
  CHECK(warnings.value().empty());
  CHECK(config.log_level == log::Level::kDebug);
  CHECK(config.server == ServerAddress(ttrpc::Address(ttrpc::UnixAddress{"/run/a", false})));
  CHECK(config.debug_console);
  CHECK(config.console_address ==
        ServerAddress(ttrpc::Address(ttrpc::VsockAddress{0xffffffffU, 1026})));
  CHECK(config.container_pipe_size == 65536);
  CHECK(config.hotplug_timeout == std::chrono::seconds(9));
  CHECK(config.unified_cgroups);
}

TEST_CASE("unknown keys and bad values are warnings with their line") {
  const File file("colour = \"red\"\nlog_level = \"loud\"\nhotplug_timeout = {secs = 1}\n");
  AgentConfig config;
  const auto warnings = apply_config_file(file.path, config);
  REQUIRE(warnings.ok());
  REQUIRE(warnings.value().size() == 2);
  CHECK(warnings.value()[0].find("line 1: ignored 'colour'") != std::string::npos);
  CHECK(warnings.value()[1].find("line 2: ignored log_level=loud") != std::string::npos);
  CHECK(config.hotplug_timeout == std::chrono::seconds(1));
}

TEST_CASE("what is no such TOML is refused with its line") {
  for (const char* text : {"log_level",
                           "= 1",
                           "log_level =",
                           "log_level = debug",
                           "log_level = \"debug",
                           "log_level = 'debug",
                           "log_level = \"\\x\"",
                           "log_level = \"a\" b",
                           "a = [1]",
                           "a = 1.5",
                           "a = {b = 1",
                           "a = {b}",
                           "a = {b = {c = 1}}",
                           "[a",
                           "[]",
                           "[[a]]",
                           "a = 1\na = 2",
                           "a = -",
                           "a b = 1",
                           "a. = 1",
                           "\"a\" = 1",
                           "a = \"\"\"x\"\"\"",
                           "a = 0x10"}) {
    CAPTURE(text);
    const auto parsed = parse_config_file(std::string("\n") + text);
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().code == ErrorCode::kInvalidArgument);
    CHECK(parsed.error().message.starts_with("line "));
    CHECK_FALSE(parsed.error().message.starts_with("line 1:"));
  }
}

TEST_CASE("escapes of a string are undone") {
  const auto parsed = parse_config_file("a = \"x\\t\\\"\\\\y\"\nb = '\\t'");
  REQUIRE(parsed.ok());
  CHECK(parsed.value()[0].value == "x\t\"\\y");
  CHECK(parsed.value()[1].value == "\\t");
}

TEST_CASE("a file that is not there is named") {
  AgentConfig config;
  const auto read = apply_config_file("/no/such/agent.toml", config);
  REQUIRE_FALSE(read.ok());
  CHECK(read.error().message.find("'/no/such/agent.toml'") != std::string::npos);
}
