// SPDX-License-Identifier: Apache-2.0
//
// The decorators over an object that throws from every method: no exception may pass any of them.
#include "core/plugin_host/guard.h"

#include <doctest/doctest.h>

#include "kata/plugin/extension.h"
#include "tests/broken-plugins/every_call.h"
#include "tests/broken-plugins/throwing.h"

namespace kata::plugin_host {

namespace {

using namespace broken;

int destroyed = 0;

template <class Interface>
void destroy(void* instance) noexcept {
  ++destroyed;
  delete static_cast<Interface*>(instance);
}

template <class Interface>
std::unique_ptr<Interface> guard_over(Interface* object) {
  Instance<Interface> instance;
  instance.name = "acme";
  instance.services = std::make_unique<HostServices>("acme");
  instance.object = {object, DestroyInstance{&destroy<Interface>}};
  return guarded(std::move(instance));
}

}  // namespace

TEST_CASE("no exception of a hypervisor or its extensions passes their guards") {
  const auto guarded = guard_over<Hypervisor>(new ThrowingHypervisor);
  every_call(*guarded, {"acme", "broken"});
  CHECK(extension_of<HypervisorPause>(*guarded) == extension_of<HypervisorPause>(*guarded));
  CHECK(guarded->extension("x") == nullptr);
}

TEST_CASE("no exception of a network or its extensions passes their guards") {
  const auto guarded = guard_over<Network>(new ThrowingNetwork);
  every_call(*guarded, {"acme", "broken"});
  CHECK(guarded->extension("x") == nullptr);
}

TEST_CASE("no exception of a shared filesystem passes its guard") {
  const auto guarded = guard_over<SharedFilesystem>(new ThrowingFilesystem);
  every_call(*guarded, {"acme", "broken"});
  CHECK(guarded->extension("x") == nullptr);
}

TEST_CASE("no exception of a memory dedup passes its guard") {
  const auto guarded = guard_over<MemoryDedup>(new ThrowingDedup);
  every_call(*guarded, {"acme", "broken"});
  CHECK(guarded->extension("x") == nullptr);
}

TEST_CASE("an instance is destroyed once and by the plugin's own function") {
  const int before = destroyed;
  guard_over<Network>(new ThrowingNetwork).reset();
  CHECK(destroyed == before + 1);
}

}  // namespace kata::plugin_host
