// SPDX-License-Identifier: Apache-2.0
#include "sandbox/parts.h"

#include <sys/stat.h>

#include <cerrno>

#include "kata/concat.h"

namespace kata::sandbox {

namespace {

Result<plugin_host::InstanceContext> make_context(const PluginPlace& place, const Store& store,
                                                  const SandboxRecord& record) {
  auto context = context_of(place, store, record);
  if (::mkdir(context.state_dir.c_str(), 0700) != 0 && errno != EEXIST)
    return errno_error(concat("make directory '", context.state_dir, "'"), errno);
  return context;
}

}  // namespace

plugin_host::InstanceContext context_of(const PluginPlace& place, const Store& store,
                                        const SandboxRecord& record) {
  const auto state = record.plugin_state.find(place.interface_name);
  return {record.id, store.directory(record.id) / place.directory,
          state == record.plugin_state.end() ? std::string() : state->second};
}

Result<SandboxParts> make_parts(plugin_host::PluginHost& host, const config::Config& config,
                                const Store& store, const SandboxRecord& record) {
  const auto network = KATA_TRY(make_context(kNetworkPlace, store, record), "");
  const auto filesystem = KATA_TRY(make_context(kFilesystemPlace, store, record), "");
  const auto hypervisor = KATA_TRY(make_context(kHypervisorPlace, store, record), "");
  SandboxParts parts;
  parts.network = KATA_TRY(host.network(config.network, network), "");
  parts.filesystem = KATA_TRY(host.shared_filesystem(config.shared_filesystem, filesystem), "");
  parts.hypervisor = KATA_TRY(host.hypervisor(config.hypervisor, hypervisor), "");
  return parts;
}

}  // namespace kata::sandbox
