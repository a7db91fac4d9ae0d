// SPDX-License-Identifier: Apache-2.0
//
// In place of core/plugin_host/loader.cpp, for a kata-proxy that has its plugins inside: the same
// objects, descriptors and host, and no file is opened. What it does not measure is the loader.
#include "core/plugin_host/elf_note.h"
#include "core/plugin_host/loader.h"
#include "kata/concat.h"

extern "C" {
extern const kata::plugin::Descriptor kata_plugin_v1_mock;
extern const kata::plugin::Descriptor kata_plugin_v1_bind;
}

namespace kata::plugin_host {

Result<const plugin::Descriptor*> load_plugin(const std::filesystem::path& file,
                                              const WantedInterface& wanted) {
  for (const plugin::Descriptor* known : {&kata_plugin_v1_mock, &kata_plugin_v1_bind})
    if (wanted.id == known->interface_id &&
        file.stem().native().ends_with(concat("-", known->name)))
      return known;
  return make_error(ErrorCode::kNotFound,
                    concat("plugin '", file,
                           "': expected 'mock' or 'bind'; this program has its "
                           "plugins inside"));
}

Result<PluginInfo> inspect_plugin(const std::filesystem::path& file) {
  return make_error(ErrorCode::kUnsupported,
                    concat("plugin '", file, "': this program reads none"));
}

}  // namespace kata::plugin_host
