// SPDX-License-Identifier: Apache-2.0
#include "agent/config_settings.h"

#include <linux/vm_sockets.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "kata/concat.h"

namespace kata::agent {
namespace {

constexpr std::uint32_t kMaxPipeSize = 1U << 20;  // what an unprivileged pipe may grow to, too
constexpr std::uint32_t kMaxSeconds = 3600;

Error invalid(std::string message) {
  return make_error(ErrorCode::kInvalidArgument, std::move(message));
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

// The same for what may stand there as a bare word.
bool parse_switch(std::string_view text) { return text.empty() || parse_bool(text); }

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
    return invalid(concat("not a number of bytes from 0 to ", kMaxPipeSize));
  config.container_pipe_size = *size;
  return {};
}

Result<std::chrono::seconds> parse_seconds(std::string_view value) {
  const auto seconds = parse_number(value);
  if (!seconds || *seconds > kMaxSeconds)
    return invalid(concat("not a number of seconds from 0 to ", kMaxSeconds));
  return std::chrono::seconds(*seconds);
}

Result<void> set_hotplug_timeout(std::string_view value, AgentConfig& config) {
  const auto seconds = KATA_TRY(parse_seconds(value), "");
  if (seconds.count() != 0) config.hotplug_timeout = seconds;  // 0: the default stays
  return {};
}

Result<void> set_debug_console(std::string_view value, AgentConfig& config) {
  config.debug_console = parse_switch(value);
  return {};
}

// 0 and less mean none.
Result<std::optional<ServerAddress>> parse_port(std::string_view value) {
  if (value.starts_with('-') && parse_number(value.substr(1)))
    return std::optional<ServerAddress>();
  const auto port = parse_number(value);
  if (!port) return invalid("not a vsock port");
  if (*port == 0) return std::optional<ServerAddress>();
  return std::optional<ServerAddress>(ttrpc::VsockAddress{VMADDR_CID_ANY, *port});
}

Result<void> set_console_port(std::string_view value, AgentConfig& config) {
  config.console_address = KATA_TRY(parse_port(value), "");
  return {};
}

Result<ServerAddress> parse_one_address(std::string_view value) {
  ServerAddress address = KATA_TRY(parse_server_address(value), "");
  if (std::holds_alternative<AnyListen>(address)) return invalid("needs an address, not 'auto'");
  return address;
}

Result<void> set_console_address(std::string_view value, AgentConfig& config) {
  config.console_address = KATA_TRY(parse_server_address(value), "");
  return {};
}

Result<void> set_log_port(std::string_view value, AgentConfig& config) {
  config.log_address = KATA_TRY(parse_port(value), "");
  return {};
}

Result<void> set_log_address(std::string_view value, AgentConfig& config) {
  config.log_address = KATA_TRY(parse_one_address(value), "");
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

Result<void> accept_anything(std::string_view, AgentConfig&) { return {}; }

Result<void> accept_seconds(std::string_view value, AgentConfig&) {
  KATA_TRY(parse_seconds(value), "");
  return {};
}

Result<void> refuse_tracing(std::string_view value, AgentConfig&) {
  if (parse_switch(value)) return invalid("this agent exports no traces");
  return {};
}

Result<void> refuse_passfd(std::string_view value, AgentConfig&) {
  if (KATA_TRY(parse_port(value), "")) return invalid("streams of processes go over ttRPC only");
  return {};
}

Result<void> refuse_memory_agent(std::string_view value, AgentConfig&) {
  if (parse_bool(value)) return invalid("this agent has no memory agent");
  return {};
}

Result<void> refuse_cdi(std::string_view value, AgentConfig&) {
  if (parse_bool(value)) return invalid("this agent reads no CDI specifications");
  return {};
}

Result<void> refuse_policy(std::string_view value, AgentConfig&) {
  if (!value.empty()) return invalid("this agent has no policy engine and allows every request");
  return {};
}

constexpr std::array kSettings{
    Setting{"agent.log", "log_level", set_log_level},
    Setting{"agent.server_addr", "server_addr", set_server_address},
    Setting{"agent.debug_console", "debug_console", set_debug_console},
    Setting{"agent.debug_console_vport", "debug_console_vport", set_console_port},
    Setting{"agent.debug_console_addr", "debug_console_addr", set_console_address},
    Setting{"agent.log_vport", "log_vport", set_log_port},
    Setting{"agent.log_addr", "log_addr", set_log_address},
    Setting{"agent.container_pipe_size", "container_pipe_size", set_pipe_size},
    Setting{"agent.hotplug_timeout", "hotplug_timeout", set_hotplug_timeout},
    Setting{"systemd.unified_cgroup_hierarchy", "unified_cgroup_hierarchy", set_unified_cgroups},
    Setting{"cgroup_no_v1", "", set_no_v1},
    // Of parts that this agent is built without.
    Setting{"agent.devmode", "dev_mode", accept_anything},
    Setting{"agent.trace", "tracing", refuse_tracing},
    Setting{"agent.passfd_listener_port", "passfd_listener_port", refuse_passfd},
    Setting{"agent.cdh_api_timeout", "cdh_api_timeout", accept_seconds},
    Setting{"agent.image_pull_timeout", "image_pull_timeout", accept_seconds},
    Setting{"agent.cdi_timeout", "cdi_timeout", accept_seconds},
    Setting{"agent.launch_process_timeout", "launch_process_timeout", accept_seconds},
    Setting{"agent.visible_cdi_devices", "visible_cdi_devices", refuse_cdi},
    Setting{"agent.https_proxy", "https_proxy", accept_anything},
    Setting{"agent.no_proxy", "no_proxy", accept_anything},
    Setting{"agent.guest_components_rest_api", "guest_components_rest_api", accept_anything},
    Setting{"agent.guest_components_procs", "guest_components_procs", accept_anything},
    Setting{"agent.secure_storage_integrity", "secure_storage_integrity", accept_anything},
    Setting{"agent.mem_agent_enable", "mem_agent_enable", refuse_memory_agent},
    Setting{"", "policy_file", refuse_policy},
};

// All of the memory agent's numbers; they mean nothing without it.
constexpr Setting kMemoryAgent{"agent.mem_agent_*", "mem_agent_*", accept_anything};

const Setting* find(std::string_view Setting::*name, std::string_view wanted) {
  const auto found = std::ranges::find(kSettings, wanted, name);
  return wanted.empty() || found == kSettings.end() ? nullptr : &*found;
}

}  // namespace

const Setting* setting_of_parameter(std::string_view name) {
  const Setting* const found = find(&Setting::parameter, name);
  return found == nullptr && name.starts_with("agent.mem_agent_") ? &kMemoryAgent : found;
}

const Setting* setting_of_key(std::string_view name) {
  const Setting* const found = find(&Setting::key, name);
  return found == nullptr && name.starts_with("mem_agent_") ? &kMemoryAgent : found;
}

Error refused_setting(std::string_view name, std::string_view value, Error reason) {
  constexpr std::size_t kLongest = 100;
  return in_context(std::move(reason), concat(name, "=", value.substr(0, kLongest)));
}

}  // namespace kata::agent
