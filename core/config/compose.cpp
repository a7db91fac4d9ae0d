// SPDX-License-Identifier: Apache-2.0
#include "core/config/compose.h"

#include <algorithm>

#include "core/config/annotations.h"
#include "core/config/kata_names.h"
#include "core/config/known_keys.h"
#include "core/config/nearest.h"
#include "core/config/reader.h"
#include "core/config/select.h"
#include "kata/concat.h"

namespace kata::config {

namespace {

constexpr std::uint64_t kMaxMemoryMib = 16ULL << 20;  // 16 TiB
constexpr const char* kDefaultKernel = "/usr/share/kata-containers/vmlinux";
constexpr const char* kDefaultInitrd = "/usr/share/kata-containers/initrd.img";

constexpr std::string_view kSections[] = {
    "plugins",      "hypervisor", "network", "shared_filesystem",
    "memory_dedup", "agent",      "runtime", "factory",
    "proxy",        "shim",       "netmon"};
constexpr std::string_view kPluginsKeys[] = {"directory", "hypervisor", "network",
                                             "shared_filesystem", "memory_dedup"};
constexpr std::string_view kAgentKeys[] = {
    "kernel_modules",      "dial_timeout", "create_container_timeout",
    "container_pipe_size", "enable_debug", "debug_console_enabled"};
constexpr std::string_view kRuntimeKeys[] = {"enable_debug",
                                             "disable_guest_seccomp",
                                             "log_level",
                                             "create_container_timeout",
                                             "hypervisor_name",
                                             "internetworking_model",
                                             "disable_new_netns",
                                             "sandbox_cgroup_only",
                                             "static_sandbox_resource_mgmt"};

class Composer {
 public:
  explicit Composer(Document document) : reader_(std::move(document), config_.effective) {}

  Result<Config> run() {
    KATA_TRY(select_plugins(reader_, config_), "");
    KATA_TRY(read_vm(), "");
    KATA_TRY(read_dedup(), "");
    KATA_TRY(read_runtime(), "");
    KATA_TRY(read_agent(), "");
    route_network_keys();
    route_plugin_tables();
    KATA_TRY(judge_the_rest(), "");
    return std::move(config_);
  }

 private:
  Result<void> read_vm();
  Result<void> read_dedup();
  Result<void> read_runtime();
  Result<void> read_agent();
  void route_network_keys();
  void route_hypervisor_key(const std::string& written, Value value);
  void route_plugin_tables();
  Result<void> judge_the_rest();
  Result<void> judge(const std::string& path, const Value& value);

  void warn(const Value& value, std::string_view key, std::string_view why) {
    config_.warnings.push_back(concat(place(value.origin), "key '", key, "' ", why, "; ignored"));
  }
  void warn_not_implemented(const Value& value, std::string_view key) {
    warn(value, key, "is known to Kata but not implemented yet");
  }
  void give(PluginChoice& choice, const std::string& key, const std::string& path, Value value) {
    reader_.note_effective(path, value);
    choice.keys.insert_or_assign(key, std::move(value));
  }

  Config config_{};
  Reader reader_;
};

Result<void> Composer::read_vm() {
  VmConfig& vm = config_.vm;
  const std::string table = "hypervisor." + config_.hypervisor.name;
  vm.kernel = kDefaultKernel;
  vm.default_memory_mib = 2048;
  KATA_TRY(reader_.read(table, {{"kernel", &vm.kernel},
                                {"image", &vm.image},
                                {"kernel_params", &vm.kernel_params},
                                {"guest_hook_path", &vm.guest_hook_path},
                                {"default_vcpus", VcpuCount{&vm.default_vcpus}},
                                {"default_maxvcpus", &vm.default_maxvcpus, 0, 1024},
                                {"default_memory", &vm.default_memory_mib, 64, kMaxMemoryMib},
                                {"default_maxmemory", &vm.default_maxmemory_mib, 0, kMaxMemoryMib},
                                {"overhead_vcpus", &vm.overhead_vcpus},
                                {"overhead_memory", &vm.overhead_memory_mib, 0, kMaxMemoryMib},
                                {"enable_annotations", &vm.enable_annotations},
                                {"valid_hypervisor_paths", &vm.valid_hypervisor_paths},
                                {"valid_virtio_fs_daemon_paths", &vm.valid_virtio_fs_daemon_paths},
                                {"valid_entropy_sources", &vm.valid_entropy_sources},
                                {"enable_hugepages", &vm.enable_hugepages},
                                {"enable_debug", &vm.enable_debug}}),
           "");
  KATA_TRY(check_enable_annotations(vm.enable_annotations),
           concat(place(config_.effective[table + ".enable_annotations"].origin), "[", table, "]"));
  if (vm.image.empty()) vm.initrd = kDefaultInitrd;
  KATA_TRY(reader_.read(table, {{"initrd", &vm.initrd}}), "");
  if (vm.image.empty() == vm.initrd.empty())
    return make_error(
        ErrorCode::kInvalidArgument,
        concat(place(config_.effective[table + (vm.image.empty() ? ".initrd" : ".image")].origin),
               "[", table, "]: expected exactly one of 'initrd' and 'image', found ",
               vm.image.empty() ? "neither" : "both", "; set one and remove the other"));
  if (vm.kernel.empty())
    return make_error(
        ErrorCode::kInvalidArgument,
        concat(place(config_.effective[table + ".kernel"].origin), "key 'kernel' in [", table,
               "]: expected the path of a kernel, found \"\"; remove the line for "
               "the default ",
               kDefaultKernel));
  return {};
}

Result<void> Composer::read_dedup() {
  if (config_.memory_dedup.name == "none") return {};
  const std::string table = "memory_dedup." + config_.memory_dedup.name;
  std::filesystem::path& directory = config_.dedup.run_directory;
  KATA_TRY(reader_.read(table, {{"run_directory", &directory}}), "");
  if (directory.is_absolute()) return {};
  return bad_value(config_.effective[table + ".run_directory"], table, "run_directory",
                   "an absolute path", "correct it or remove the line");
}

Result<void> Composer::read_runtime() {
  RuntimeConfig& runtime = config_.runtime;
  KATA_TRY(reader_.read("runtime",
                        {{"enable_debug", &runtime.enable_debug},
                         {"disable_guest_seccomp", &runtime.disable_guest_seccomp},
                         {"log_level", &runtime.log_level},
                         {"sandbox_cgroup_only", &runtime.sandbox_cgroup_only},
                         {"static_sandbox_resource_mgmt", &runtime.static_sandbox_resource_mgmt}}),
           "");
  constexpr std::string_view kLevels[] = {"trace", "debug", "info", "warn", "error"};
  if (std::find(std::begin(kLevels), std::end(kLevels), runtime.log_level) != std::end(kLevels))
    return {};
  return bad_value(config_.effective["runtime.log_level"], "runtime", "log_level",
                   "trace, debug, info, warn or error", "correct it or remove the line");
}

Result<void> Composer::read_agent() {
  AgentConfig& agent = config_.agent;
  // Kata's Go runtime has this key in [runtime], its Rust runtime in [agent.kata].
  constexpr std::uint64_t kDay = 86400;
  KATA_TRY(reader_.read("runtime",
                        {{"create_container_timeout", &agent.create_container_timeout_s, 1, kDay}}),
           "");
  return reader_.read("agent.kata",
                      {{"kernel_modules", &agent.kernel_modules},
                       {"dial_timeout", &agent.dial_timeout_s, 1, kDay},
                       {"create_container_timeout", &agent.create_container_timeout_s, 1, kDay},
                       {"container_pipe_size", &agent.container_pipe_size, 0, 1U << 30},
                       {"enable_debug", &agent.enable_debug},
                       {"debug_console_enabled", &agent.debug_console_enabled}});
}

// Kata configures the network in [runtime].
void Composer::route_network_keys() {
  for (const char* key : {"internetworking_model", "disable_new_netns"}) {
    const std::string path = concat("runtime.", key);
    const Value* found = reader_.take(path);
    if (found == nullptr) continue;
    if (config_.network.name != "none") {
      config_.network.keys.emplace(key, *found);
    } else {
      if (found->json != "\"none\"")
        warn(*found, key, "needs a network plugin, and [plugins] network is 'none'");
      config_.effective.erase(path);
    }
  }
}

std::string go_spelling(const std::string& key) {
  for (const KeySpelling& spelling : kKeySpellings)
    if (key == spelling.rust) return std::string(spelling.go);
  return key;
}

bool implements(std::string_view plugin, std::string_view key) {
  return std::any_of(
      std::begin(kKeysOfOnePlugin), std::end(kKeysOfOnePlugin),
      [&](const PluginKey& known) { return known.plugin == plugin && known.key == key; });
}

// The shared filesystem that a key of the hypervisor's table configures; empty: none.
std::string_view filesystem_of(std::string_view key) {
  if (key.starts_with("virtio_fs_")) return kVirtioFsPlugin;
  return key.ends_with("_9p") ? kPlan9Plugin : std::string_view();
}

void Composer::route_hypervisor_key(const std::string& written, Value value) {
  const std::string key = go_spelling(written);
  const std::string path = concat("hypervisor.", config_.hypervisor.name, ".", key);
  const std::string_view filesystem = filesystem_of(key);
  if (is_not_implemented("hypervisor", key) && !implements(config_.hypervisor.name, key)) {
    warn_not_implemented(value, key);
  } else if (key == "rx_rate_limiter_max_rate" || key == "tx_rate_limiter_max_rate") {
    if (config_.network.name != "none")
      give(config_.network, key, path, std::move(value));  // [network.NAME] wins, read later
    else
      warn(value, key, "needs a network plugin, and [plugins] network is 'none'");
  } else if (filesystem.empty()) {
    give(config_.hypervisor, key, path, std::move(value));
  } else if (config_.shared_filesystem.name == filesystem) {
    give(config_.shared_filesystem, key, path, std::move(value));
  } else {
    warn(value, key,
         concat("belongs to shared filesystem '", filesystem, "', and '",
                config_.shared_filesystem.name, "' is selected"));
  }
}

// A table of a component that is not selected is somebody's other setup: nobody reads it.
void Composer::route_plugin_tables() {
  for (auto& [key, value] : reader_.take_rest("hypervisor." + config_.hypervisor.name))
    route_hypervisor_key(key, std::move(value));
  const std::pair<const char*, PluginChoice*> others[] = {
      {"network", &config_.network},
      {"shared_filesystem", &config_.shared_filesystem},
      {"memory_dedup", &config_.memory_dedup}};
  for (const auto& [section, choice] : others) {
    const std::string table = concat(section, ".", choice->name);
    for (auto& [key, value] : reader_.take_rest(table))
      give(*choice, key, concat(table, ".", key), std::move(value));
  }
}

Result<void> Composer::judge_the_rest() {
  for (const auto& [path, value] : reader_.unread()) KATA_TRY(judge(path, value), "");
  return {};
}

Error unknown(const Value& value, std::string_view what, std::string_view name,
              std::string_view where, std::span<const std::string_view> candidates) {
  return make_error(ErrorCode::kInvalidArgument,
                    concat(place(value.origin), "unknown ", what, " '", name, "'", where,
                           suggestion(name, candidates)));
}

// `path` was read by nobody: a key of an unselected plugin, one of Kata's, or a mistake.
Result<void> Composer::judge(const std::string& path, const Value& value) {
  const std::string section = path.substr(0, path.find('.'));
  if (std::find(std::begin(kSections), std::end(kSections), section) == std::end(kSections))
    return unknown(value, path == section ? "key" : "table", section, "", kSections);
  if (section == path)
    return bad_value(value, "top level", section, "a table", concat("write [", section, "…]"));

  const bool flat =
      section == "plugins" || section == "runtime" || section == "factory" || section == "netmon";
  const std::size_t second = path.find('.', section.size() + 1);
  if (!flat && second == std::string::npos)
    return bad_value(value, section, path.substr(section.size() + 1), "a table",
                     concat("write its keys below [", path, "]"));
  const std::string table = flat ? section : path.substr(0, second);
  const std::string key = path.substr(table.size() + 1);

  if (is_not_implemented(section, key)) {
    warn_not_implemented(value, key);
    return {};
  }
  if (section == "agent" && table != "agent.kata")
    return unknown(value, "table", table, "; the agent's table is [agent.kata]", {});
  if (!flat && section != "agent") return {};

  std::vector<std::string_view> known(not_implemented_keys(section).begin(),
                                      not_implemented_keys(section).end());
  const std::span<const std::string_view> own =
      section == "plugins"   ? kPluginsKeys
      : section == "runtime" ? std::span<const std::string_view>(kRuntimeKeys)
      : section == "agent"   ? std::span<const std::string_view>(kAgentKeys)
                             : std::span<const std::string_view>();
  known.insert(known.end(), own.begin(), own.end());
  return unknown(value, "key", key, concat(" in [", table, "]"), known);
}

}  // namespace

Result<Config> compose(Document document) {
  KATA_TRY(use_our_names(document), "");
  return Composer(std::move(document)).run();
}

}  // namespace kata::config
