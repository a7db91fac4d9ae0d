// SPDX-License-Identifier: Apache-2.0
//
// A plugin file → its descriptor, after every check. The only user of Boost.DLL.
//
// A library is never unloaded: g++ keeps many mapped anyway, and an object that outlived its code
// would crash the host.
#pragma once

#include <filesystem>

#include "core/plugin_host/note_check.h"
#include "core/plugin_host/plugin_host.h"
#include "kata/plugin/descriptor.h"
#include "kata/result.h"

namespace kata::plugin_host {

// Errors begin with "plugin '<file>': ".
Result<const plugin::Descriptor*> load_plugin(const std::filesystem::path& file,
                                              const WantedInterface& wanted);

// The note of a trusted file, without loading it.
Result<PluginInfo> inspect_plugin(const std::filesystem::path& file);

}  // namespace kata::plugin_host
