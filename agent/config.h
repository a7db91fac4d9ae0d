// SPDX-License-Identifier: Apache-2.0
//
// How the agent is told what to do: the guest kernel's command line (agent.*) or a configuration
// file, environment variables, then its own flags; later ones win. A value that makes no sense is
// reported by name and leaves the setting as it was, a name that nobody knows too: a guest that
// boots with a warning is worth more than one that does not boot.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/log.h"
#include "kata/result.h"
#include "protocol/ttrpc/address.h"

namespace kata::agent {

struct SerialListen {
  std::string port_name = "agent.channel.0";  // as in /sys/class/virtio-ports/*/name
  friend bool operator==(const SerialListen&, const SerialListen&) = default;
};
// Whatever the virtual machine offers: the serial port, vsock, or both.
struct AnyListen {
  friend bool operator==(const AnyListen&, const AnyListen&) = default;
};
using ServerAddress = std::variant<AnyListen, SerialListen, ttrpc::Address>;

struct AgentConfig {
  ServerAddress server{};
  log::Level log_level = log::Level::kInfo;
  bool debug_console =
      false;  // a shell for whoever reaches console_address; without, on the console
  std::optional<ServerAddress> console_address{};
  std::optional<ServerAddress> log_address{};  // where the log is read; without, standard output
  bool unified_cgroups = false;                // cgroup v2 when the agent is PID 1
  std::uint32_t container_pipe_size = 0;  // bytes; 0: the kernel's for stdin, 256 KiB for output
  std::chrono::seconds hotplug_timeout{3};
  std::filesystem::path run_dir = "/run/kata-containers";
  std::filesystem::path modules_dir = "/lib/modules/kata";
};

// What a line of arguments asks for besides running.
enum class Action { kRun = 1, kVersion, kHelp };

// "vsock://-1:1024", "unix:///run/agent.sock", "unix://@name", "serial://agent.channel.0", "auto".
Result<ServerAddress> parse_server_address(std::string_view text);

Result<log::Level> parse_log_level(std::string_view text);

// Parameters that are not the agent's are skipped. Returns one warning for each refused value and
// each unknown name that begins with "agent.".
std::vector<std::string> apply_kernel_command_line(std::string_view line, AgentConfig& config);

// The value of agent.config_file: a file that is read instead of everything else.
std::optional<std::string> config_file_of(std::string_view command_line);

// `lookup` is getenv(3): null means that the variable is not set. Returns warnings as above.
std::vector<std::string> apply_environment(const std::function<const char*(const char*)>& lookup,
                                           AgentConfig& config);

// The value of --config or -c; the file comes before the other flags, wherever it stands.
std::optional<std::string> config_file_argument(std::span<const char* const> arguments);

// The program's own flags; an unknown flag or a bad value is an error. The kernel passes what it
// does not know itself to init, so PID 1 must not call this.
Result<Action> apply_arguments(std::span<const char* const> arguments, AgentConfig& config);

std::string_view usage() noexcept;

}  // namespace kata::agent
