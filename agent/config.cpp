// SPDX-License-Identifier: Apache-2.0
#include "agent/config.h"

#include <array>
#include <charconv>
#include <optional>

#include "kata/concat.h"

namespace kata::agent {
namespace {

constexpr std::uint32_t kMaxPipeSize = 1U << 20;  // what an unprivileged pipe may grow to, too

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

std::optional<std::uint32_t> parse_number(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// true, false, or an integer; anything else is false, as Kata reads it.
bool parse_bool(std::string_view text) {
  return text == "true" || parse_number(text).value_or(0) != 0;
}

using Setter = Result<void> (*)(std::string_view value, AgentConfig& config);

Result<void> set_log_level(std::string_view value, AgentConfig& config) {
  config.log_level = KATA_TRY(parse_log_level(value), "");
  return {};
}

Result<void> set_server_address(std::string_view value, AgentConfig& config) {
  config.server = KATA_TRY(parse_server_address(value), "");
  return {};
}

Result<void> set_pipe_size(std::string_view value, AgentConfig& config) {
  const auto size = parse_number(value);
  if (!size || *size > kMaxPipeSize)
    return make_error(ErrorCode::kInvalidArgument,
                      concat("not a number of bytes from 0 to ", kMaxPipeSize));
  config.container_pipe_size = *size;
  return {};
}

Result<void> set_hotplug_timeout(std::string_view value, AgentConfig& config) {
  const auto seconds = parse_number(value);
  if (!seconds || *seconds > 3600)
    return make_error(ErrorCode::kInvalidArgument, "not a number of seconds from 0 to 3600");
  if (*seconds != 0) config.hotplug_timeout = std::chrono::seconds(*seconds);
  return {};
}

Result<void> set_debug_console(std::string_view, AgentConfig& config) {
  config.debug_console = true;
  return {};
}

Result<void> set_unified_cgroups(std::string_view value, AgentConfig& config) {
  config.unified_cgroups = parse_bool(value);
  return {};
}

Result<void> set_no_v1(std::string_view value, AgentConfig& config) {
  if (value == "all") config.unified_cgroups = true;
  return {};
}

struct Parameter {
  std::string_view name;
  Setter set;
};

constexpr std::array kParameters{
    Parameter{"agent.log", set_log_level},
    Parameter{"agent.server_addr", set_server_address},
    Parameter{"agent.debug_console", set_debug_console},
    Parameter{"agent.container_pipe_size", set_pipe_size},
    Parameter{"agent.hotplug_timeout", set_hotplug_timeout},
    Parameter{"systemd.unified_cgroup_hierarchy", set_unified_cgroups},
    Parameter{"cgroup_no_v1", set_no_v1},
};

constexpr std::array kFlags{
    Parameter{"--server-addr", set_server_address},
    Parameter{"--log-level", set_log_level},
    Parameter{"--run-dir",
              [](std::string_view value, AgentConfig& config) -> Result<void> {
                if (!value.starts_with('/'))
                  return make_error(ErrorCode::kInvalidArgument, "not an absolute path");
                config.run_dir = value;
                return {};
              }},
};

Error refused(std::string_view name, std::string_view value, Error reason) {
  return in_context(std::move(reason), concat(name, "=", value));
}

void apply_parameter(std::string_view word, AgentConfig& config,
                     std::vector<std::string>& warnings) {
  const std::size_t equals = word.find('=');
  const std::string_view name = word.substr(0, equals);
  const std::string_view value =
      equals == std::string_view::npos ? std::string_view() : word.substr(equals + 1);
  for (const Parameter& parameter : kParameters) {
    if (parameter.name != name) continue;
    if (auto set = parameter.set(value, config); !set.ok())
      warnings.push_back(concat("ignored ", refused(name, value, std::move(set).error()).message));
  }
}

void apply_variable(std::string_view name, const char* value, Setter set, AgentConfig& config,
                    std::vector<std::string>& warnings) {
  if (value == nullptr) return;
  if (auto done = set(value, config); !done.ok())
    warnings.push_back(concat("ignored ", refused(name, value, std::move(done).error()).message));
}

Result<void> apply_flag(std::string_view flag, std::string_view value, AgentConfig& config) {
  for (const Parameter& known : kFlags) {
    if (known.name != flag) continue;
    if (auto set = known.set(value, config); !set.ok())
      return refused(flag, value, std::move(set).error());
    return {};
  }
  return make_error(ErrorCode::kInvalidArgument,
                    concat("unknown argument '", flag, "': see kata-agent --help"));
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
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  std::vector<std::string> warnings;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find_first_of(kSpace), line.size());
    if (end != 0) apply_parameter(line.substr(0, end), config, warnings);
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return warnings;
}

std::vector<std::string> apply_environment(const char* server_addr, const char* log_level,
                                           AgentConfig& config) {
  std::vector<std::string> warnings;
  apply_variable("KATA_AGENT_SERVER_ADDR", server_addr, set_server_address, config, warnings);
  apply_variable("KATA_AGENT_LOG_LEVEL", log_level, set_log_level, config, warnings);
  return warnings;
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
  return "usage: kata-agent [--server-addr ADDRESS] [--log-level LEVEL] [--run-dir DIRECTORY]\n"
         "       kata-agent --version | --help\n"
         "\n"
         "Runs containers for a Kata host over ttRPC. Started as PID 1 it also is the guest's "
         "init\n"
         "and takes its settings from the kernel command line (agent.*) only.\n"
         "\n"
         "  --server-addr ADDRESS  vsock://-1:1024, unix:///path, unix://@name,\n"
         "                         serial://<virtio-serial port>, or auto (default)\n"
         "  --log-level LEVEL      trace, debug, info (default), warn, error, critical\n"
         "  --run-dir DIRECTORY    bundles and sandbox files (default /run/kata-containers)\n"
         "\n"
         "Environment: KATA_AGENT_SERVER_ADDR, KATA_AGENT_LOG_LEVEL (flags win).\n";
}

}  // namespace kata::agent
