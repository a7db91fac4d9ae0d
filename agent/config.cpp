// SPDX-License-Identifier: Apache-2.0
#include "agent/config.h"

#include <algorithm>
#include <array>

#include "agent/config_settings.h"
#include "kata/concat.h"

namespace kata::agent {
namespace {

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

constexpr std::string_view kConfigFile = "agent.config_file";

struct Flag {
  std::string_view name, key;  // of the configuration file
};

constexpr std::array kFlags{
    Flag{"--server-addr", "server_addr"},
    Flag{"--log-level", "log_level"},
    Flag{"--debug-console", "debug_console_addr"},
    Flag{"--log-addr", "log_addr"},
};

Result<void> set_flag(const Flag& flag, std::string_view value, AgentConfig& config) {
  if (flag.name == "--debug-console") config.debug_console = true;
  return setting_of_key(flag.key)->set(value, config);
}

Result<void> set_run_dir(std::string_view value, AgentConfig& config) {
  if (!value.starts_with('/'))
    return make_error(ErrorCode::kInvalidArgument, "not an absolute path");
  config.run_dir = value;
  return {};
}

void apply_parameter(std::string_view word, AgentConfig& config,
                     std::vector<std::string>& warnings) {
  const std::size_t equals = word.find('=');
  const std::string_view name = word.substr(0, equals);
  const std::string_view value =
      equals == std::string_view::npos ? std::string_view() : word.substr(equals + 1);
  const Setting* const setting = setting_of_parameter(name);
  if (setting == nullptr) {
    if (name.starts_with("agent.") && name != kConfigFile)
      warnings.push_back(concat("ignored '", name, "': the agent has no such parameter"));
    return;
  }
  if (auto set = setting->set(value, config); !set.ok())
    warnings.push_back(
        concat("ignored ", refused_setting(name, value, std::move(set).error()).message));
}

// Calls visit for each word.
template <class Visit>
void for_each_word(std::string_view line, Visit visit) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  while (!line.empty()) {
    const std::size_t end = std::min(line.find_first_of(kSpace), line.size());
    if (end != 0) visit(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
}

Result<void> apply_flag(std::string_view flag, std::string_view value, AgentConfig& config) {
  Result<void> set;
  const auto known = std::ranges::find(kFlags, flag, &Flag::name);
  if (known != kFlags.end())
    set = set_flag(*known, value, config);
  else if (flag == "--run-dir")
    set = set_run_dir(value, config);
  else if (flag == "--config" || flag == "-c")
    return {};  // read before: flags win
  else
    return make_error(ErrorCode::kInvalidArgument,
                      concat("unknown argument '", flag, "': see kata-agent --help"));
  if (!set.ok()) return refused_setting(flag, value, std::move(set).error());
  return {};
}

}  // namespace

Result<ServerAddress> parse_server_address(std::string_view text) {
  if (text == "auto") return ServerAddress(AnyListen{});
  if (take_prefix(text, "serial://")) {
    if (text.empty() || text.find('/') != std::string_view::npos)
      return make_error(ErrorCode::kInvalidArgument,
                        "a serial address is 'serial://<virtio-serial port name>'");
    return ServerAddress(SerialListen{std::string(text)});
  }
  ttrpc::Address address = KATA_TRY(ttrpc::parse_address(text), "");
  if (std::holds_alternative<ttrpc::HybridVsockAddress>(address))
    return make_error(ErrorCode::kInvalidArgument, "an agent cannot listen on hvsock: use vsock");
  return ServerAddress(std::move(address));
}

Result<log::Level> parse_log_level(std::string_view text) {
  using log::Level;
  struct Name {
    std::string_view text;
    Level level;
  };
  static constexpr std::array names{
      Name{"trace", Level::kTrace},    Name{"debug", Level::kDebug},  Name{"info", Level::kInfo},
      Name{"warn", Level::kWarn},      Name{"warning", Level::kWarn}, Name{"error", Level::kError},
      Name{"critical", Level::kError}, Name{"fatal", Level::kError},  Name{"panic", Level::kError},
  };
  for (const Name& name : names)
    if (name.text == text) return name.level;
  return make_error(ErrorCode::kInvalidArgument,
                    "not a log level: use trace, debug, info, warn, error or critical");
}

std::vector<std::string> apply_kernel_command_line(std::string_view line, AgentConfig& config) {
  std::vector<std::string> warnings;
  for_each_word(line, [&](std::string_view word) { apply_parameter(word, config, warnings); });
  return warnings;
}

std::optional<std::string> config_file_of(std::string_view command_line) {
  std::optional<std::string> file;
  for_each_word(command_line, [&](std::string_view word) {
    if (take_prefix(word, kConfigFile) && take_prefix(word, "=") && !word.empty()) file = word;
  });
  return file;
}

std::vector<std::string> apply_environment(const std::function<const char*(const char*)>& lookup,
                                           AgentConfig& config) {
  struct Variable {
    const char* name;
    std::string_view key;
  };
  constexpr std::array kVariables{
      Variable{"KATA_AGENT_SERVER_ADDR", "server_addr"},
      Variable{"KATA_AGENT_LOG_LEVEL", "log_level"},
      Variable{"KATA_AGENT_TRACING", "tracing"},
      Variable{"KATA_AGENT_POLICY_FILE", "policy_file"},
  };
  std::vector<std::string> warnings;
  for (const Variable& variable : kVariables) {
    const char* const value = lookup(variable.name);
    if (value == nullptr) continue;
    if (auto set = setting_of_key(variable.key)->set(value, config); !set.ok())
      warnings.push_back(concat(
          "ignored ", refused_setting(variable.name, value, std::move(set).error()).message));
  }
  return warnings;
}

std::optional<std::string> config_file_argument(std::span<const char* const> arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view argument = arguments[i];
    if (take_prefix(argument, "--config=") || take_prefix(argument, "-c="))
      return std::string(argument);
    if ((argument == "--config" || argument == "-c") && i + 1 < arguments.size())
      return std::string(arguments[i + 1]);
  }
  return std::nullopt;
}

Result<Action> apply_arguments(std::span<const char* const> arguments, AgentConfig& config) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--version" || argument == "version") return Action::kVersion;
    if (argument == "--help" || argument == "-h") return Action::kHelp;
    const std::size_t equals = argument.find('=');
    if (equals != std::string_view::npos) {
      KATA_TRY(apply_flag(argument.substr(0, equals), argument.substr(equals + 1), config), "");
    } else if (i + 1 < arguments.size()) {
      KATA_TRY(apply_flag(argument, arguments[i + 1], config), "");
      ++i;
    } else {
      KATA_TRY(apply_flag(argument, "", config), "");
    }
  }
  return Action::kRun;
}

std::string_view usage() noexcept {
  return "usage: kata-agent [options]\n"
         "       kata-agent --version | --help\n"
         "\n"
         "Runs containers for a Kata host over ttRPC. Started as PID 1 it also is the guest's "
         "init\n"
         "and takes its settings from the kernel command line (agent.*) only.\n"
         "\n"
         "  --server-addr ADDRESS  vsock://-1:1024, unix:///path, unix://@name,\n"
         "                         serial://<virtio-serial port>, or auto (default)\n"
         "  --log-level LEVEL      trace, debug, info (default), warn, error, critical\n"
         "  --config FILE, -c FILE settings in TOML, instead of the kernel command line\n"
         "  --log-addr ADDRESS     where the log can be read (default: it goes to standard "
         "output)\n"
         "  --debug-console ADDRESS  where a shell of the guest can be had (default: none)\n"
         "  --run-dir DIRECTORY    bundles and sandbox files (default /run/kata-containers)\n"
         "\n"
         "Environment: KATA_AGENT_SERVER_ADDR, KATA_AGENT_LOG_LEVEL (flags win).\n"
         "docs/agent-configuration.md has every setting.\n";
}

}  // namespace kata::agent
