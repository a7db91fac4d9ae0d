// SPDX-License-Identifier: Apache-2.0
//
// The guard between the host and an instance: one decorator an interface, one line a method. An
// exception becomes an Error, an Error gets the plugin's name in front; so composition and tests
// see only `Hypervisor&` and the like, and fakes need no wrapping.
#pragma once

#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "core/base/log.h"
#include "core/plugin_host/host_services.h"
#include "kata/concat.h"
#include "kata/plugin/draft/hypervisor.h"
#include "kata/plugin/draft/memory_dedup.h"
#include "kata/plugin/draft/network.h"
#include "kata/plugin/draft/shared_filesystem.h"
#include "kata/result.h"

namespace kata::plugin_host {

struct DestroyInstance {
  void (*destroy)(void* instance) noexcept = nullptr;
  void operator()(void* instance) const noexcept { destroy(instance); }
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

inline std::string threw(std::string_view plugin, std::string_view method, std::string_view what) {
  return concat("plugin '", plugin, "': ", method, " threw ", what);
}

// Calls a method that returns a Result.
template <class Call>
auto guard(std::string_view plugin, std::string_view method, Call&& call)
    -> std::invoke_result_t<Call> {
  try {
    auto result = std::forward<Call>(call)();
    if (result.ok()) return result;
    return in_context(std::move(result).error(), concat("plugin '", plugin, "'"));
  } catch (const std::exception& exception) {
    return make_error(ErrorCode::kInternal, threw(plugin, method, exception.what()));
  } catch (...) {
    return make_error(ErrorCode::kInternal,
                      threw(plugin, method, "something that is not a std::exception"));
  }
}

// Calls a method that returns a plain value: a throw is logged, and the value is the default one.
template <class Call>
auto guard_value(std::string_view plugin, std::string_view method, Call&& call) noexcept
    -> std::invoke_result_t<Call> {
  try {
    return std::forward<Call>(call)();
  } catch (const std::exception& exception) {
    log::error(threw(plugin, method, exception.what()));
  } catch (...) {
    log::error(threw(plugin, method, "something that is not a std::exception"));
  }
  return {};
}

}  // namespace kata::plugin_host
