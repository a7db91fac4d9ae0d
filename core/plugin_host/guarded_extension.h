// SPDX-License-Identifier: Apache-2.0
//
// Guards of extensions: a plugin's extension object gets a decorator as its instance has one, made
// when it is first asked for. An id that this host does not know is passed on: nothing here calls
// it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/plugin_host/guard.h"

namespace kata::plugin_host {

// `Guarded` is an `Extension` over a plugin's `Extension`.
template <class Extension, class Guarded>
class GuardedExtension {
 public:
  static constexpr std::string_view kId = Extension::kId;

  void* over(const std::string& plugin, void* object) noexcept {
    if (!guarded_) guarded_.emplace(plugin, *static_cast<Extension*>(object));
    return static_cast<Extension*>(&*guarded_);
  }

 private:
  std::optional<Guarded> guarded_{};
};

template <class Interface, class... Known>
void* guarded_extension(const std::string& plugin, Interface& instance, std::string_view id,
                        Known&... known) noexcept {
  const PluginCall running(plugin.c_str(), "extension");
  void* found = instance.extension(id);
  if (found != nullptr)
    ((Known::kId == id ? void(found = known.over(plugin, found)) : void()), ...);
  return found;
}

}  // namespace kata::plugin_host
