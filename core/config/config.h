// SPDX-License-Identifier: Apache-2.0
//
// The effective configuration as plain values, each with the place it came from. Made from
// configuration.toml and config.d/*.toml by load_config (load.h), or from the JSON that
// kata-runtime stores beside a sandbox, so that a sandbox keeps the configuration it was born with.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "kata/result.h"

namespace kata::config {

struct Origin {
  std::string file{};  // empty: the built-in default
  std::uint32_t line = 0, column = 0;
  friend bool operator==(const Origin&, const Origin&) = default;
};

struct Value {
  std::string json{};  // the value as JSON text: 2048, "q35", true, ["a"]
  Origin origin{};
  friend bool operator==(const Value&, const Value&) = default;
};

// One selected component: what [plugins] names, and the keys of its own table, not yet checked
// against its field table (plugin_host does that, because only the plugin knows its fields).
struct PluginChoice {
  std::string name{};  // as the plugin calls itself; "none" is the built-in absence
  std::filesystem::path
      library{};  // <directory>/libkata-<interface>-<name>.so, or the absolute path given
  Origin origin{};
  std::map<std::string, Value> keys{};
};

struct VmConfig {  // [hypervisor.<name>] keys that belong to the composition, not to the VMM's
                   // driver
  std::filesystem::path kernel{}, initrd{}, image{};
  std::string kernel_params{};
  std::filesystem::path guest_hook_path{};  // in the guest; empty: no hooks of the guest
  std::uint32_t default_vcpus = 1, default_maxvcpus = 0;  // 0: the host's count
  std::uint64_t default_memory_mib = 0, default_maxmemory_mib = 0;
  double overhead_vcpus = 0;               // of a VM beside what its workload's limit asks for
  std::uint64_t overhead_memory_mib = 96;  // the same
  bool enable_hugepages = false, enable_debug = false;
  // What a pod's annotations may change; see annotations.h.
  std::vector<std::string> enable_annotations{}, valid_hypervisor_paths{};
  std::vector<std::string> valid_virtio_fs_daemon_paths{}, valid_entropy_sources{};
};

struct DedupConfig {  // [memory_dedup.<name>] keys that belong to those who kick the daemon
  std::filesystem::path run_directory = "/run/kata-ksm-throttler";  // its socket: ksm.sock
};

struct AgentConfig {  // [agent.kata]
  std::vector<std::string> kernel_modules{};
  std::uint32_t dial_timeout_s = 45, create_container_timeout_s = 60;
  std::uint32_t container_pipe_size = 0;  // bytes; 0: the guest kernel's default
  bool enable_debug = false, debug_console_enabled = false;
};

struct RuntimeConfig {  // [runtime]
  bool enable_debug = false, disable_guest_seccomp = false;
  std::string log_level = "info";
  bool sandbox_cgroup_only = true;  // false: what is not the guest's CPUs has a group beside
  bool static_sandbox_resource_mgmt = true;  // a limit replaces the default; false: is added to it
};

struct Config {
  PluginChoice hypervisor{}, network{}, shared_filesystem{}, memory_dedup{};
  VmConfig vm{};
  DedupConfig dedup{};
  AgentConfig agent{};
  RuntimeConfig runtime{};
  std::vector<std::string> warnings{};  // "configuration.toml:12:1: key 'use_legacy_serial' is
                                        // known to Kata but not implemented yet; ignored"
  std::map<std::string, Value>
      effective{};  // dotted key → value with origin, for `kata-runtime config`
};

Result<Config> config_from_json(std::string_view text);
std::string config_to_json(const Config& config);

}  // namespace kata::config
