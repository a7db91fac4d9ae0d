// SPDX-License-Identifier: Apache-2.0
//
// The plugin instances of one sandbox, made from its configuration over its own state directories.
// Threads: the plugin thread.
#pragma once

#include <string_view>

#include "core/config/config.h"
#include "core/plugin_host/plugin_host.h"
#include "kata/result.h"
#include "sandbox/sandbox.h"
#include "sandbox/store.h"

namespace kata::sandbox {

// An interface's key in SandboxRecord::plugin_state, and its directory below the sandbox's. The
// directories have short names because plugins put unix sockets there, and a socket's path has at
// most 107 bytes.
struct PluginPlace {
  const char* interface_name;
  const char* directory;
};
inline constexpr PluginPlace kHypervisorPlace{"hypervisor", "hv"};
inline constexpr PluginPlace kNetworkPlace{"network", "net"};
inline constexpr PluginPlace kFilesystemPlace{"shared_filesystem", "fs"};

// Loads the three plugins and makes their state directories.
Result<SandboxParts> make_parts(plugin_host::PluginHost& host, const config::Config& config,
                                const Store& store, const SandboxRecord& record);

// The context of one instance: its directory, and its state as last saved.
plugin_host::InstanceContext context_of(const PluginPlace& place, const Store& store,
                                        const SandboxRecord& record);

}  // namespace kata::sandbox
