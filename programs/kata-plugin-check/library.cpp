// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-plugin-check/library.h"

#include <algorithm>

#include "core/base/files.h"
#include "core/config/compose.h"
#include "core/config/document.h"
#include "core/config/json_text.h"
#include "kata/plugin/fingerprint.h"

namespace kata::check {

namespace {

namespace fs = std::filesystem;
constexpr std::size_t kMaxFileSize = 1U << 20;

struct Kind {
  std::string_view id, key;  // the key in [plugins]
  config::PluginChoice config::Config::*choice;
};
constexpr Kind kKinds[] = {
    {KATA_INTERFACE_Hypervisor, "hypervisor", &config::Config::hypervisor},
    {KATA_INTERFACE_Network, "network", &config::Config::network},
    {KATA_INTERFACE_SharedFilesystem, "shared_filesystem", &config::Config::shared_filesystem},
    {KATA_INTERFACE_MemoryDedup, "memory_dedup", &config::Config::memory_dedup}};

Result<const Kind*> kind_of(const fs::path& library) {
  const auto info = KATA_TRY(plugin_host::PluginHost::inspect(library), "");
  for (const Kind& kind : kKinds)
    if (kind.id == info.interface_id) return &kind;
  return make_error(ErrorCode::kUnsupported,
                    concat("plugin '", library, "': interface '", info.interface_id,
                           "' has no suite in this release"));
}

// The file's tables, under a [plugins] that selects the library and nothing else by chance.
Result<config::Config> configuration_for(const Kind& kind, const fs::path& library,
                                         const std::optional<fs::path>& file) {
  config::Document document;
  if (file) {
    const std::string text = KATA_TRY(read_file(*file, kMaxFileSize), "");
    document = KATA_TRY(config::parse_toml(text, file->native()), "");
  }
  config::Value selected{config::to_json(library.native()), {}};
  document.values[concat("plugins.", kind.key)] = std::move(selected);
  return config::compose(std::move(document));
}

// A path among its keys that is a directory: memory_dedup's stand-in for the kernel's files.
std::vector<fs::path> directories_in(const config::PluginChoice& choice) {
  std::vector<fs::path> found;
  std::error_code ignored;
  for (const auto& [key, value] : choice.keys) {
    const std::string_view json = value.json;
    if (!json.starts_with("\"/") || json.find('\\') != std::string_view::npos) continue;
    const fs::path path = json.substr(1, json.size() - 2);
    if (fs::is_directory(path, ignored)) found.push_back(path);
  }
  return found;
}

}  // namespace

Result<Subject> subject_of(plugin_host::PluginHost& host, const fs::path& library,
                           const std::optional<fs::path>& configuration) {
  const Kind* const kind = KATA_TRY(kind_of(library), "");
  const auto config = KATA_TRY(configuration_for(*kind, library, configuration), "");
  const config::PluginChoice choice = config.*kind->choice;
  Subject subject;
  subject.interface_id = kind->id;
  subject.vm = config.vm;
  subject.directories = directories_in(choice);
  using Context = plugin_host::InstanceContext;
  if (kind->key == "hypervisor")
    subject.hypervisor = [&host, choice](const Context& it) { return host.hypervisor(choice, it); };
  else if (kind->key == "network")
    subject.network = [&host, choice](const Context& it) { return host.network(choice, it); };
  else if (kind->key == "shared_filesystem")
    subject.shared_filesystem = [&host, choice](const Context& it) {
      return host.shared_filesystem(choice, it);
    };
  else
    subject.memory_dedup = [&host, choice](const Context& it) {
      return host.memory_dedup(choice, it);
    };
  return subject;
}

}  // namespace kata::check
