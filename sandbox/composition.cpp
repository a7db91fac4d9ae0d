// SPDX-License-Identifier: Apache-2.0
#include "sandbox/composition.h"

#include <algorithm>

#include "kata/concat.h"

namespace kata::sandbox {

namespace {

constexpr std::uint64_t kDefaultMemoryMib = 2048;

// The agent's settings travel on the guest's kernel command line; the operator's own words come
// last, because the later word wins.
std::string kernel_params(const config::Config& config) {
  std::string params;
  const auto add = [&params](const std::string& word) {
    if (!params.empty()) params += ' ';
    params += word;
  };
  if (config.agent.enable_debug) add("agent.log=debug");
  // The port is for other agents: ours finds out by itself which way there is.
  if (config.agent.debug_console_enabled)
    add("agent.debug_console agent.debug_console_vport=1026 agent.debug_console_addr=auto");
  if (config.agent.container_pipe_size != 0)
    add(concat("agent.container_pipe_size=", config.agent.container_pipe_size));
  if (!config.vm.kernel_params.empty()) add(config.vm.kernel_params);
  return params;
}

bool selected(const config::PluginChoice& choice) {
  return !choice.name.empty() && choice.name != "none";
}

std::string private_memory_remedy(const config::Config& config,
                                  const HypervisorCapabilities& hypervisor) {
  if (hypervisor.plan9) return "shared_filesystem = \"9p\" or memory_dedup = \"none\"";
  return concat("memory_dedup = \"none\", because hypervisor '", config.hypervisor.name,
                "' has no share that leaves memory private");
}

}  // namespace

Result<std::vector<std::string>> check_composition(const config::Config& config,
                                                   const HypervisorCapabilities& hypervisor,
                                                   const SharedFilesystemNeeds& filesystem) {
  if (filesystem.shared_memory && !hypervisor.vhost_user_fs)
    return make_error(
        ErrorCode::kUnsupported,
        concat("shared_filesystem '", config.shared_filesystem.name,
               "' is a vhost-user device, which hypervisor '", config.hypervisor.name,
               "' cannot carry: select another shared_filesystem or hypervisor in [plugins]"));
  if (filesystem.plan9 && !hypervisor.plan9)
    return make_error(
        ErrorCode::kUnsupported,
        concat("shared_filesystem '", config.shared_filesystem.name,
               "' needs a 9p server in the VMM, which hypervisor '", config.hypervisor.name,
               "' does not have: select another shared_filesystem or hypervisor in [plugins]"));
  if (filesystem.host_files && !hypervisor.host_files)
    return make_error(
        ErrorCode::kUnsupported,
        concat("shared_filesystem '", config.shared_filesystem.name,
               "' needs a guest that sees the host's files, which one of hypervisor '",
               config.hypervisor.name,
               "' does not: select another shared_filesystem in [plugins]"));
  std::vector<std::string> warnings;
  if (!selected(config.memory_dedup)) return warnings;
  if (filesystem.shared_memory)
    warnings.push_back(concat("memory_dedup '", config.memory_dedup.name,
                              "' merges private guest memory, but shared_filesystem '",
                              config.shared_filesystem.name,
                              "' needs shared memory: nothing of this VM will be merged; use ",
                              private_memory_remedy(config, hypervisor)));
  else if (!hypervisor.mergeable_memory)
    warnings.push_back(concat("memory_dedup '", config.memory_dedup.name,
                              "' is selected, but hypervisor '", config.hypervisor.name,
                              "' does not offer its guest memory for merging"));
  else if (config.vm.enable_hugepages)
    warnings.push_back(concat("memory_dedup '", config.memory_dedup.name,
                              "' cannot merge huge pages: nothing of this VM will be merged; set "
                              "enable_hugepages = false or memory_dedup = \"none\""));
  return warnings;
}

bool offers_memory(const config::Config& config, const HypervisorCapabilities& hypervisor,
                   const SharedFilesystemNeeds& filesystem) {
  return selected(config.memory_dedup) && hypervisor.mergeable_memory &&
         !filesystem.shared_memory && !config.vm.enable_hugepages;
}

VmSpec vm_spec(const config::Config& config, const SandboxIdentity& identity,
               const SharedFilesystemNeeds& filesystem, std::uint32_t host_cpus) {
  const config::VmConfig& vm = config.vm;
  VmSpec spec;
  spec.id = identity.id;
  spec.netns = identity.netns;
  spec.kernel = vm.kernel;
  spec.initrd = vm.initrd;
  spec.image = vm.image;
  spec.kernel_params = kernel_params(config);
  spec.boot.vcpus = std::max(vm.default_vcpus, 1U);
  spec.boot.memory_mib = vm.default_memory_mib != 0 ? vm.default_memory_mib : kDefaultMemoryMib;
  spec.maximum.vcpus =
      std::max(vm.default_maxvcpus != 0 ? vm.default_maxvcpus : host_cpus, spec.boot.vcpus);
  spec.maximum.memory_mib = std::max(vm.default_maxmemory_mib, spec.boot.memory_mib);
  spec.shared_memory = filesystem.shared_memory;
  spec.hugepages = vm.enable_hugepages;
  return spec;
}

std::vector<Device> devices_of(std::vector<TapDevice> taps, std::optional<Device> share) {
  std::vector<Device> devices;
  for (TapDevice& tap : taps) devices.emplace_back(std::move(tap));
  if (share) devices.push_back(*std::move(share));
  return devices;
}

}  // namespace kata::sandbox
