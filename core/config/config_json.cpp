// SPDX-License-Identifier: Apache-2.0
//
// Config ↔ the JSON stored beside a sandbox. Every field in, every field out.
#include <nlohmann/json.hpp>

#include "core/config/config.h"
#include "kata/concat.h"

namespace kata::config {

namespace {

using Json = nlohmann::json;

constexpr int kFormat = 1;

Json write(const Value& value) {
  return {{"json", value.json},
          {"file", value.origin.file},
          {"line", value.origin.line},
          {"column", value.origin.column}};
}

Json write(const std::map<std::string, Value>& values) {
  Json out = Json::object();
  for (const auto& [key, value] : values) out[key] = write(value);
  return out;
}

Json write(const PluginChoice& choice) {
  return {{"name", choice.name},
          {"library", choice.library.native()},
          {"origin", write(Value{"", choice.origin})},
          {"keys", write(choice.keys)}};
}

Json write(const VmConfig& vm) {
  return {{"kernel", vm.kernel.native()},
          {"initrd", vm.initrd.native()},
          {"image", vm.image.native()},
          {"kernel_params", vm.kernel_params},
          {"guest_hook_path", vm.guest_hook_path.native()},
          {"default_vcpus", vm.default_vcpus},
          {"default_maxvcpus", vm.default_maxvcpus},
          {"default_memory_mib", vm.default_memory_mib},
          {"default_maxmemory_mib", vm.default_maxmemory_mib},
          {"overhead_vcpus", vm.overhead_vcpus},
          {"overhead_memory_mib", vm.overhead_memory_mib},
          {"enable_annotations", vm.enable_annotations},
          {"valid_hypervisor_paths", vm.valid_hypervisor_paths},
          {"valid_virtio_fs_daemon_paths", vm.valid_virtio_fs_daemon_paths},
          {"valid_entropy_sources", vm.valid_entropy_sources},
          {"enable_hugepages", vm.enable_hugepages},
          {"enable_debug", vm.enable_debug}};
}

Json write(const DedupConfig& dedup) { return {{"run_directory", dedup.run_directory.native()}}; }

Json write(const AgentConfig& agent) {
  return {{"kernel_modules", agent.kernel_modules},
          {"dial_timeout_s", agent.dial_timeout_s},
          {"create_container_timeout_s", agent.create_container_timeout_s},
          {"container_pipe_size", agent.container_pipe_size},
          {"enable_debug", agent.enable_debug},
          {"debug_console_enabled", agent.debug_console_enabled}};
}

Json write(const RuntimeConfig& runtime) {
  return {{"enable_debug", runtime.enable_debug},
          {"disable_guest_seccomp", runtime.disable_guest_seccomp},
          {"log_level", runtime.log_level},
          {"sandbox_cgroup_only", runtime.sandbox_cgroup_only},
          {"static_sandbox_resource_mgmt", runtime.static_sandbox_resource_mgmt}};
}

Value read_value(const Json& in) {
  Value value;
  in.at("json").get_to(value.json);
  in.at("file").get_to(value.origin.file);
  in.at("line").get_to(value.origin.line);
  in.at("column").get_to(value.origin.column);
  return value;
}

std::map<std::string, Value> read_values(const Json& in) {
  std::map<std::string, Value> values;
  for (const auto& [key, value] : in.items()) values.emplace(key, read_value(value));
  return values;
}

PluginChoice read_choice(const Json& in) {
  PluginChoice choice;
  in.at("name").get_to(choice.name);
  choice.library = in.at("library").get<std::string>();
  choice.origin = read_value(in.at("origin")).origin;
  choice.keys = read_values(in.at("keys"));
  return choice;
}

// A sandbox outlives an upgrade: a key that its record does not have is younger than it.
template <class T>
void take(const Json& in, const char* key, T& value) {
  if (const auto found = in.find(key); found != in.end()) found->get_to(value);
}

void take_path(const Json& in, const char* key, std::filesystem::path& value) {
  if (const auto found = in.find(key); found != in.end()) value = found->get<std::string>();
}

VmConfig read_vm(const Json& in) {
  VmConfig vm;
  take_path(in, "kernel", vm.kernel);
  take_path(in, "initrd", vm.initrd);
  take_path(in, "image", vm.image);
  take(in, "kernel_params", vm.kernel_params);
  take_path(in, "guest_hook_path", vm.guest_hook_path);
  take(in, "default_vcpus", vm.default_vcpus);
  take(in, "default_maxvcpus", vm.default_maxvcpus);
  take(in, "default_memory_mib", vm.default_memory_mib);
  take(in, "default_maxmemory_mib", vm.default_maxmemory_mib);
  take(in, "overhead_vcpus", vm.overhead_vcpus);
  take(in, "overhead_memory_mib", vm.overhead_memory_mib);
  take(in, "enable_annotations", vm.enable_annotations);
  take(in, "valid_hypervisor_paths", vm.valid_hypervisor_paths);
  take(in, "valid_virtio_fs_daemon_paths", vm.valid_virtio_fs_daemon_paths);
  take(in, "valid_entropy_sources", vm.valid_entropy_sources);
  take(in, "enable_hugepages", vm.enable_hugepages);
  take(in, "enable_debug", vm.enable_debug);
  return vm;
}

DedupConfig read_dedup(const Json& in) {
  DedupConfig dedup;
  take_path(in, "run_directory", dedup.run_directory);
  return dedup;
}

AgentConfig read_agent(const Json& in) {
  AgentConfig agent;
  take(in, "kernel_modules", agent.kernel_modules);
  take(in, "dial_timeout_s", agent.dial_timeout_s);
  take(in, "create_container_timeout_s", agent.create_container_timeout_s);
  take(in, "container_pipe_size", agent.container_pipe_size);
  take(in, "enable_debug", agent.enable_debug);
  take(in, "debug_console_enabled", agent.debug_console_enabled);
  return agent;
}

RuntimeConfig read_runtime(const Json& in) {
  RuntimeConfig runtime;
  take(in, "enable_debug", runtime.enable_debug);
  take(in, "disable_guest_seccomp", runtime.disable_guest_seccomp);
  take(in, "log_level", runtime.log_level);
  take(in, "sandbox_cgroup_only", runtime.sandbox_cgroup_only);
  take(in, "static_sandbox_resource_mgmt", runtime.static_sandbox_resource_mgmt);
  return runtime;
}

const Json& table(const Json& in, const char* name) {
  static_cast<void>(in.at(name).get_ref<const Json::object_t&>());
  return in.at(name);
}

Config read_config(const Json& in) {
  Config config;
  config.hypervisor = read_choice(in.at("hypervisor"));
  config.network = read_choice(in.at("network"));
  config.shared_filesystem = read_choice(in.at("shared_filesystem"));
  if (in.contains("memory_dedup")) config.memory_dedup = read_choice(in.at("memory_dedup"));
  config.vm = read_vm(table(in, "vm"));
  if (in.contains("dedup")) config.dedup = read_dedup(table(in, "dedup"));
  config.agent = read_agent(table(in, "agent"));
  config.runtime = read_runtime(table(in, "runtime"));
  in.at("warnings").get_to(config.warnings);
  config.effective = read_values(in.at("effective"));
  return config;
}

}  // namespace

std::string config_to_json(const Config& config) {
  const Json out = {{"format", kFormat},
                    {"hypervisor", write(config.hypervisor)},
                    {"network", write(config.network)},
                    {"shared_filesystem", write(config.shared_filesystem)},
                    {"memory_dedup", write(config.memory_dedup)},
                    {"vm", write(config.vm)},
                    {"dedup", write(config.dedup)},
                    {"agent", write(config.agent)},
                    {"runtime", write(config.runtime)},
                    {"warnings", config.warnings},
                    {"effective", write(config.effective)}};
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Config> config_from_json(std::string_view text) {
  try {
    const Json in = Json::parse(text);
    if (in.at("format") != kFormat)
      return make_error(ErrorCode::kInvalidArgument,
                        concat("stored configuration: format: expected ", kFormat, ", found ",
                               in.at("format").dump()));
    return read_config(in);
  } catch (const Json::exception& exception) {
    return make_error(ErrorCode::kInvalidArgument,
                      concat("stored configuration: ", exception.what()));
  }
}

}  // namespace kata::config
