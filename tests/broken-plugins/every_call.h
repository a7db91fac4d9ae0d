// SPDX-License-Identifier: Apache-2.0
//
// Calls each method of an instance that throws from all of them, through its guard, and expects the
// error that names plugin, method and what was thrown.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "kata/concat.h"
#include "kata/plugin/draft/hypervisor_counters.h"
#include "kata/plugin/draft/hypervisor_resize.h"
#include "kata/plugin/draft/hypervisor_snapshot.h"
#include "kata/plugin/extension.h"
#include "kata/plugin/hypervisor.h"
#include "kata/plugin/hypervisor_pause.h"
#include "kata/plugin/memory_dedup.h"
#include "kata/plugin/network.h"
#include "kata/plugin/network_changes.h"
#include "kata/plugin/shared_filesystem.h"

namespace broken {

using namespace kata;

struct Thrown {
  std::string plugin{}, what{};

  template <class T>
  void check(const Result<T>& result, const char* method) const {
    CAPTURE(method);
    REQUIRE_FALSE(result.ok());
    CHECK(result.error() == Error{ErrorCode::kInternal, 0,
                                  concat("plugin '", plugin, "': ", method, " threw ", what)});
  }
};

template <class Extension, class Interface>
Extension& offered(Interface& instance) {
  auto* const found = extension_of<Extension>(instance);
  REQUIRE(found != nullptr);
  return *found;
}

inline void every_call(Hypervisor& it, const Thrown& thrown) {
  CHECK_FALSE(it.capabilities().vhost_user_fs);
  thrown.check(it.check_host(), "check_host");
  thrown.check(it.create_vm({}, {}), "create_vm");
  thrown.check(it.start_vm({}), "start_vm");
  thrown.check(it.stop_vm({}), "stop_vm");
  thrown.check(it.wait_vm(), "wait_vm");
  thrown.check(it.attach(BlockDevice{}, {}), "attach");
  thrown.check(it.detach("", {}), "detach");
  thrown.check(it.agent_address(), "agent_address");
  thrown.check(it.processes(), "processes");
  thrown.check(it.console_tail(1), "console_tail");
  thrown.check(it.save_state(), "save_state");
  thrown.check(offered<HypervisorPause>(it).pause_vm({}), "pause_vm");
  thrown.check(offered<HypervisorPause>(it).resume_vm({}), "resume_vm");
  thrown.check(offered<HypervisorResize>(it).resize({}, {}), "resize");
  thrown.check(offered<HypervisorSnapshot>(it).save_snapshot({}, {}), "save_snapshot");
  thrown.check(offered<HypervisorSnapshot>(it).restore_vm({}, {}, {}, {}), "restore_vm");
  thrown.check(offered<HypervisorCounters>(it).counters({}), "counters");
}

inline void every_call(Network& it, const Thrown& thrown) {
  thrown.check(it.check_host(), "check_host");
  thrown.check(it.attach({}), "attach");
  thrown.check(it.detach(), "detach");
  thrown.check(it.save_state(), "save_state");
  thrown.check(offered<NetworkChanges>(it).watch(), "watch");
  thrown.check(offered<NetworkChanges>(it).rescan(), "rescan");
  thrown.check(offered<NetworkChanges>(it).release("net0"), "release");
}

inline void every_call(SharedFilesystem& it, const Thrown& thrown) {
  CHECK_FALSE(it.needs().shared_memory);
  thrown.check(it.check_host(), "check_host");
  thrown.check(it.start({}), "start");
  thrown.check(it.share({}), "share");
  thrown.check(it.unshare(""), "unshare");
  thrown.check(it.stop({}), "stop");
  thrown.check(it.wait(), "wait");
  thrown.check(it.save_state(), "save_state");
}

inline void every_call(MemoryDedup& it, const Thrown& thrown) {
  thrown.check(it.check_host(), "check_host");
  thrown.check(it.start({}), "start");
  thrown.check(it.boost({}), "boost");
  thrown.check(it.tick({}), "tick");
  thrown.check(it.stats(), "stats");
  thrown.check(it.restore(), "restore");
  thrown.check(it.save_state(), "save_state");
}

}  // namespace broken
