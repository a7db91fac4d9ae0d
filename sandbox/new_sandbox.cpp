// SPDX-License-Identifier: Apache-2.0
#include "sandbox/new_sandbox.h"

#include <map>
#include <utility>

#include "core/base/log.h"
#include "sandbox/pod_network.h"
#include "sandbox/sandbox_annotations.h"
#include "sandbox/shm_size.h"
#include "sandbox/vm_size.h"

namespace kata::sandbox {

namespace {

// What the VM gets is what its configuration says from here on.
Result<void> size_vm(config::Config& config, const grpc::Spec& spec) {
  const auto workload = KATA_TRY(workload_of(spec), "");
  const auto size = vm_size(config, workload, size_of_this_host());
  for (const std::string& warning : size.warnings) log::warn(warning);
  log::info("the VM's size", {{"vcpus", std::to_string(size.vcpus)},
                              {"memory_mib", std::to_string(size.memory_mib)},
                              {"cpus_from", workload.cpus ? "limit" : "default_vcpus"},
                              {"memory_from", workload.memory_mib ? "limit" : "default_memory"}});
  config.vm.default_vcpus = size.vcpus;
  config.vm.default_memory_mib = size.memory_mib;
  return {};
}

// A scope that only the VMM's threads are in would have no process, and systemd ends such a one.
Result<SandboxCgroups> cgroups_of(const std::string& id, const CgroupsPath& cgroups_path,
                                  const config::Config& config) {
  SandboxCgroups groups;
  groups.pod = KATA_TRY(cgroup_path(cgroups_path.text, id), "");
  if (config.runtime.sandbox_cgroup_only) {
    groups.systemd_scope = cgroups_path.systemd_scope;
    return groups;
  }
  groups.overhead = overhead_cgroup_path(id);
  if (cgroups_path.systemd_scope)
    log::warn("systemd is not asked for a scope: [runtime] sandbox_cgroup_only is false",
              {{"cgroup", groups.pod}});
  return groups;
}

}  // namespace

Result<SandboxPlan> plan_sandbox(const std::string& id, const grpc::Spec& spec,
                                 const std::filesystem::path& bundle,
                                 const CgroupsPath& cgroups_path, config::Config config) {
  KATA_TRY(apply_annotations({spec.annotations().begin(), spec.annotations().end()}, config), "");
  KATA_TRY(size_vm(config, spec), "");
  const bool with_plugin = config.network.name != "none";
  PodNetwork network = KATA_TRY(pod_network_of(spec, bundle, with_plugin), "");
  SandboxPlan plan;
  plan.record.id = id;
  plan.record.config_json = config::config_to_json(config);
  plan.record.hostname = spec.hostname();
  plan.record.netns = std::move(network.netns);
  plan.record.new_netns = network.new_netns;
  plan.record.dns = std::move(network.dns);
  plan.record.cgroups = KATA_TRY(cgroups_of(id, cgroups_path, config), "");
  plan.record.shm_bytes = shm_bytes_of(spec);
  plan.config = std::move(config);
  return plan;
}

}  // namespace kata::sandbox
