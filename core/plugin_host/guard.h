// SPDX-License-Identifier: Apache-2.0
//
// The guard between the host and an instance: one decorator an interface, one line a method. An
// exception becomes an Error, an Error gets the plugin's name in front; so composition and tests
// see only `Hypervisor&` and the like, and fakes need no wrapping.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "core/base/log.h"
#include "core/plugin_host/crash_note.h"
#include "core/plugin_host/host_services.h"
#include "kata/concat.h"
#include "kata/plugin/hypervisor.h"
#include "kata/plugin/memory_dedup.h"
#include "kata/plugin/network.h"
#include "kata/plugin/shared_filesystem.h"
#include "kata/result.h"

namespace kata::plugin_host {

struct DestroyInstance {
  void (*destroy)(void* instance) noexcept = nullptr;
  const char* plugin = "";
  void operator()(void* instance) const noexcept {
    const PluginCall running(plugin, "destroy");
    destroy(instance);
  }
};

// A plugin's object, destroyed through the plugin's own function, before the services it uses.
template <class Interface>
struct Instance {
  std::string name{};
  std::unique_ptr<HostServices> services{};
  std::unique_ptr<Interface, DestroyInstance> object{};
};

std::unique_ptr<Hypervisor> guarded(Instance<Hypervisor> instance);
std::unique_ptr<Network> guarded(Instance<Network> instance);
std::unique_ptr<SharedFilesystem> guarded(Instance<SharedFilesystem> instance);
std::unique_ptr<MemoryDedup> guarded(Instance<MemoryDedup> instance);

// "plugin 'acme': start_vm threw …", of the exception that is being handled. Not inline, so that a
// call that goes well is short.
std::string what_it_threw(const std::string& plugin, const char* method);

// Calls a method that returns a Result.
template <class Call>
auto guard(const std::string& plugin, const char* method, Call&& call)
    -> std::invoke_result_t<Call> {
  const PluginCall running(plugin.c_str(), method);
  try {
    auto result = std::forward<Call>(call)();
    if (result.ok()) return result;
    return in_context(std::move(result).error(), concat("plugin '", plugin, "'"));
  } catch (...) {
    return make_error(ErrorCode::kInternal, what_it_threw(plugin, method));
  }
}

// Calls a method that returns a plain value: a throw is logged, and the value is the default one.
template <class Call>
auto guard_value(const std::string& plugin, const char* method, Call&& call) noexcept
    -> std::invoke_result_t<Call> {
  const PluginCall running(plugin.c_str(), method);
  try {
    return std::forward<Call>(call)();
  } catch (...) {
    log::error(what_it_threw(plugin, method));
  }
  return {};
}

}  // namespace kata::plugin_host
