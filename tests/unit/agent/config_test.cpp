// SPDX-License-Identifier: Apache-2.0
#include "agent/config.h"

#include <doctest/doctest.h>

#include <array>

using namespace kata;
using namespace kata::agent;

namespace {

auto variables(const char* server_addr, const char* log_level) {
  return [=](const char* name) -> const char* {
    const std::string_view wanted = name;
    if (wanted == "KATA_AGENT_SERVER_ADDR") return server_addr;
    return wanted == "KATA_AGENT_LOG_LEVEL" ? log_level : nullptr;
  };
}

ServerAddress vsock(std::uint32_t port) {
  return ttrpc::Address(ttrpc::VsockAddress{0xffffffffU, port});
}

}  // namespace

TEST_CASE("the kernel command line sets what it names and nothing else") {
  AgentConfig config;
  const auto warnings = apply_kernel_command_line(
      "console=ttyS0 quiet agent.log=debug agent.container_pipe_size=65536\t"
      "agent.hotplug_timeout=7 agent.server_addr=serial://org.kata.agent cgroup_no_v1=all "
      "agent.debug_console agent.mem_agent_enable=0 agent.mem_agent_memcg_swap=true\n",
      config);
  CHECK(warnings.empty());
  CHECK(config.log_level == log::Level::kDebug);
  CHECK(config.container_pipe_size == 65536);
  CHECK(config.hotplug_timeout == std::chrono::seconds(7));
  CHECK(config.unified_cgroups);
  CHECK(config.debug_console);
  CHECK(config.server == ServerAddress(SerialListen{"org.kata.agent"}));
}

TEST_CASE("an empty command line leaves the defaults") {
  AgentConfig config;
  CHECK(apply_kernel_command_line("", config).empty());
  CHECK(apply_kernel_command_line(" \n \t", config).empty());
  CHECK(config.server == ServerAddress(AnyListen{}));
  CHECK(config.log_level == log::Level::kInfo);
  CHECK_FALSE(config.unified_cgroups);
}

TEST_CASE("a malformed value is named and leaves the setting alone") {
  constexpr std::array words{
      "agent.log=loud",
      "agent.log=",
      "agent.log",
      "agent.container_pipe_size=-1",
      "agent.container_pipe_size=1048577",
      "agent.container_pipe_size=64k",
      "agent.container_pipe_size=99999999999999999999",
      "agent.hotplug_timeout=soon",
      "agent.hotplug_timeout=3601",
      "agent.server_addr=tcp://0.0.0.0:1",
      "agent.server_addr=unix://relative",
      "agent.server_addr=serial://",
      "agent.server_addr=serial://../../mem",
      "agent.server_addr=hvsock:///a:1",
      "agent.unknown=1",
      "agent.unknown",
      "agent.log_vport=x",
      "agent.trace",
      "agent.trace=true",
      "agent.passfd_listener_port=1027",
      "agent.cdh_api_timeout=soon",
      "agent.mem_agent_enable=1",
  };
  for (const char* word : words) {
    CAPTURE(word);
    AgentConfig config;
    const auto warnings = apply_kernel_command_line(word, config);
    REQUIRE(warnings.size() == 1);
    const std::string_view name =
        std::string_view(word).substr(0, std::string_view(word).find('='));
    CHECK(warnings[0].find(name) != std::string::npos);
    CHECK(config.log_level == log::Level::kInfo);
    CHECK(config.container_pipe_size == 0);
    CHECK(config.hotplug_timeout == std::chrono::seconds(3));
    CHECK(config.server == ServerAddress(AnyListen{}));
  }
}

TEST_CASE("a hotplug timeout of 0 keeps the default") {
  AgentConfig config;
  CHECK(apply_kernel_command_line("agent.hotplug_timeout=0", config).empty());
  CHECK(config.hotplug_timeout == std::chrono::seconds(3));
}

TEST_CASE("unified cgroups read a boolean or a number and take anything else for false") {
  const auto unified = [](std::string_view value) {
    AgentConfig config;
    apply_kernel_command_line("systemd.unified_cgroup_hierarchy=" + std::string(value), config);
    return config.unified_cgroups;
  };
  CHECK(unified("true"));
  CHECK(unified("1"));
  CHECK(unified("2"));
  CHECK_FALSE(unified("false"));
  CHECK_FALSE(unified("0"));
  CHECK_FALSE(unified("yes"));
  CHECK_FALSE(unified(""));
}

TEST_CASE("the environment wins over the command line and flags win over both") {
  AgentConfig config;
  apply_kernel_command_line("agent.log=error agent.server_addr=unix:///a", config);
  CHECK(apply_environment(variables("unix:///b", "warn"), config).empty());
  CHECK(config.log_level == log::Level::kWarn);
  CHECK(config.server == ServerAddress(ttrpc::Address(ttrpc::UnixAddress{"/b", false})));
  constexpr std::array arguments{"--server-addr", "unix://@c", "--log-level=trace", "--run-dir=/x"};
  const auto action = apply_arguments(arguments, config);
  REQUIRE(action.ok());
  CHECK(action.value() == Action::kRun);
  CHECK(config.log_level == log::Level::kTrace);
  CHECK(config.server == ServerAddress(ttrpc::Address(ttrpc::UnixAddress{"c", true})));
  CHECK(config.run_dir == "/x");
}

TEST_CASE("a bad environment value is a warning") {
  AgentConfig config;
  const auto warnings = apply_environment(variables("nowhere", "shout"), config);
  REQUIRE(warnings.size() == 2);
  CHECK(warnings[0].find("KATA_AGENT_SERVER_ADDR") != std::string::npos);
  CHECK(warnings[1].find("KATA_AGENT_LOG_LEVEL") != std::string::npos);
}

TEST_CASE("a bad argument is refused by name") {
  for (const char* argument : {"--colour", "--run-dir=relative", "--log-level", "serve", ""}) {
    CAPTURE(argument);
    AgentConfig config;
    const std::array arguments{argument};
    const auto action = apply_arguments(arguments, config);
    REQUIRE_FALSE(action.ok());
    const std::string name = std::string(argument).substr(0, std::string(argument).find('='));
    CHECK(action.error().message.find(name) != std::string::npos);
  }
}

TEST_CASE("version and help are actions") {
  AgentConfig config;
  constexpr std::array version{"--version"};
  constexpr std::array help{"--help"};
  CHECK(apply_arguments(version, config).value() == Action::kVersion);
  CHECK(apply_arguments(help, config).value() == Action::kHelp);
}

TEST_CASE("the ports of log and console are vsock ports and 0 means none") {
  AgentConfig config;
  CHECK(apply_kernel_command_line("agent.log_vport=1025 agent.debug_console_vport=1026", config)
            .empty());
  CHECK(config.log_address == vsock(1025));
  CHECK(config.console_address == vsock(1026));
  CHECK_FALSE(config.debug_console);  // the port alone opens nothing
  CHECK(
      apply_kernel_command_line("agent.log_vport=0 agent.debug_console_vport=-1", config).empty());
  CHECK_FALSE(config.log_address);
  CHECK_FALSE(config.console_address);
}

TEST_CASE("what hosts of Kata send to every agent is no reason for a warning") {
  AgentConfig config;
  CHECK(apply_kernel_command_line(
            "reboot=k panic=1 systemd.unit=kata-containers.target agent.cdh_api_timeout=50 "
            "agent.log=debug agent.log_vport=1025 agent.debug_console "
            "agent.debug_console_vport=1026 agent.container_pipe_size=0 agent.devmode "
            "agent.guest_components_procs=none agent.mem_agent_memcg_period_secs=600 "
            "agent.config_file=/etc/agent.toml",
            config)
            .empty());
}

TEST_CASE("a debug console on the agent's own flag needs no other word") {
  AgentConfig config;
  const std::array arguments{"--debug-console", "unix:///run/console"};
  REQUIRE(apply_arguments(arguments, config).ok());
  CHECK(config.debug_console);
  CHECK(config.console_address ==
        ServerAddress(ttrpc::Address(ttrpc::UnixAddress{"/run/console", false})));
}

TEST_CASE("the configuration file is found in either line") {
  CHECK(config_file_of("quiet agent.config_file=/etc/a.toml agent.log=debug") == "/etc/a.toml");
  CHECK_FALSE(config_file_of("agent.config_file= agent.config_files=/a agent.config_file"));
  CHECK(config_file_argument(std::array{"--log-level", "debug", "-c", "/a"}) == "/a");
  CHECK(config_file_argument(std::array{"--config=/a"}) == "/a");
  CHECK_FALSE(config_file_argument(std::array{"--log-level", "debug", "-c"}));
}
