// SPDX-License-Identifier: Apache-2.0
//
// Cleaning up after a sandbox whose proxy is dead: what its plugins left on the host is found again
// from the record and their state directories.
#pragma once

#include "core/plugin_host/plugin_host.h"
#include "kata/result.h"
#include "sandbox/store.h"

namespace kata::sandbox {

// Kills a VMM that outlived its proxy, then has each plugin that got as far as a state directory
// stop and clean: hypervisor, shared filesystem, network. Every step is tried; the first error is
// returned, and then something of the sandbox may be left. The record and directory stay: remove
// them after success. Call only when the proxy is gone.
Result<void> clean_up_dead_sandbox(Store& store, plugin_host::PluginHost& host,
                                   const SandboxRecord& record);

}  // namespace kata::sandbox
