// SPDX-License-Identifier: Apache-2.0
//
// Loads plugins and makes guarded instances of them. Nothing is loaded before it is asked for, and
// nothing is ever unloaded.
//
// The order of checks, each refusal one line "plugin '<file>': <check>: expected …, found …;
// <remedy>": trust (owner and mode of file and directory), ELF note `.kata.plugin` (interface,
// fingerprint: before any code of it runs), dlopen RTLD_NOW|RTLD_LOCAL, the one exported symbol
// `kata_plugin_v1`, descriptor, configuration against the field table, create.
//
// Threads: load and create on one thread; instances as their interface says.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/config/config.h"
#include "kata/plugin/descriptor.h"
#include "kata/plugin/hypervisor.h"
#include "kata/plugin/memory_dedup.h"
#include "kata/plugin/network.h"
#include "kata/plugin/shared_filesystem.h"
#include "kata/result.h"

namespace kata::plugin_host {

struct InstanceContext {
  std::string sandbox_id{};
  std::filesystem::path state_dir{};  // exists, 0700
  std::string saved_state{};
};

struct PluginInfo {  // for `plugin list|inspect`; strings copied out of the descriptor and the note
  std::filesystem::path file{};
  std::string interface_id{}, name{}, version{}, vendor{}, license{}, summary{}, fingerprint{};
};

class PluginHost {
 public:
  PluginHost();
  ~PluginHost();

  // Each checks the choice's keys against the plugin's field table, then creates the instance
  // inside the guard.
  Result<std::unique_ptr<Hypervisor>> hypervisor(const config::PluginChoice& choice,
                                                 const InstanceContext& context);
  Result<std::unique_ptr<Network>> network(const config::PluginChoice& choice,
                                           const InstanceContext& context);  // "none": built in
  Result<std::unique_ptr<SharedFilesystem>> shared_filesystem(const config::PluginChoice& choice,
                                                              const InstanceContext& context);
  Result<std::unique_ptr<MemoryDedup>> memory_dedup(const config::PluginChoice& choice,
                                                    const InstanceContext& context);

  // Reads the note only; runs no code of the plugin.
  static Result<PluginInfo> inspect(const std::filesystem::path& file);

  // The field table as a commented TOML block.
  Result<std::string> config_as_toml(const config::PluginChoice& choice,
                                     std::string_view interface_name);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kata::plugin_host
