// SPDX-License-Identifier: Apache-2.0
//
// A plugin's library as something to check.
#pragma once

#include <filesystem>
#include <optional>

#include "programs/kata-plugin-check/suite.h"

namespace kata::check {

// `configuration` is a configuration.toml of which the plugin's own table counts, and for a
// hypervisor the guest's kernel and root; what it selects in [plugins] does not. `host` outlives
// the subject.
Result<Subject> subject_of(plugin_host::PluginHost& host, const std::filesystem::path& library,
                           const std::optional<std::filesystem::path>& configuration);

}  // namespace kata::check
