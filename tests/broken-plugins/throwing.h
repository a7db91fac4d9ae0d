// SPDX-License-Identifier: Apache-2.0
//
// One class an interface, with every extension of it, that throws from each method.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "kata/plugin/draft/hypervisor_counters.h"
#include "kata/plugin/draft/hypervisor_resize.h"
#include "kata/plugin/draft/hypervisor_snapshot.h"
#include "kata/plugin/hypervisor.h"
#include "kata/plugin/hypervisor_pause.h"
#include "kata/plugin/memory_dedup.h"
#include "kata/plugin/network.h"
#include "kata/plugin/network_changes.h"
#include "kata/plugin/shared_filesystem.h"

namespace broken {

using namespace kata;

struct OwnException final : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline std::string what_to_throw = "own";  // or "standard" or "number"

[[noreturn]] inline void fail() {
  if (what_to_throw == "number") throw 7;
  if (what_to_throw == "standard") throw std::runtime_error("broken");
  throw OwnException("broken");
}

class ThrowingHypervisor : public Hypervisor,
                           public HypervisorPause,
                           public HypervisorResize,
                           public HypervisorSnapshot,
                           public HypervisorCounters {
 public:
  HypervisorCapabilities capabilities() const override { fail(); }
  Result<void> check_host() override { fail(); }
  Result<void> create_vm(VmSpec /*spec*/, std::vector<Device> /*devices*/) override { fail(); }
  Result<void> start_vm(Deadline /*deadline*/) override { fail(); }
  Result<void> stop_vm(Deadline /*deadline*/) override { fail(); }
  Result<VmExit> wait_vm() override { fail(); }
  Result<AttachedDevice> attach(Device /*device*/, Deadline /*deadline*/) override { fail(); }
  Result<void> detach(std::string_view /*id*/, Deadline /*deadline*/) override { fail(); }
  Result<AgentAddress> agent_address() const override { fail(); }
  Result<VmProcesses> processes() const override { fail(); }
  Result<std::string> console_tail(std::uint32_t /*lines*/) const override { fail(); }
  Result<std::string> save_state() const override { fail(); }
  void* extension(std::string_view id) noexcept override {
    if (id == HypervisorPause::kId) return static_cast<HypervisorPause*>(this);
    if (id == HypervisorResize::kId) return static_cast<HypervisorResize*>(this);
    if (id == HypervisorSnapshot::kId) return static_cast<HypervisorSnapshot*>(this);
    return id == HypervisorCounters::kId ? static_cast<HypervisorCounters*>(this) : nullptr;
  }

  Result<void> pause_vm(Deadline /*deadline*/) override { fail(); }
  Result<void> resume_vm(Deadline /*deadline*/) override { fail(); }
  Result<VmResources> resize(VmResources /*wanted*/, Deadline /*deadline*/) override { fail(); }
  Result<void> save_snapshot(const std::filesystem::path& /*directory*/,
                             Deadline /*deadline*/) override {
    fail();
  }
  Result<void> restore_vm(VmSpec /*spec*/, std::vector<Device> /*devices*/,
                          const std::filesystem::path& /*directory*/,
                          Deadline /*deadline*/) override {
    fail();
  }
  Result<std::vector<VmCounter>> counters(Deadline /*deadline*/) const override { fail(); }
};

class ThrowingNetwork : public Network, public NetworkChanges {
 public:
  Result<void> check_host() override { fail(); }
  Result<NetworkPlan> attach(const NetworkSpec& /*spec*/) override { fail(); }
  Result<void> detach() override { fail(); }
  Result<std::string> save_state() const override { fail(); }
  void* extension(std::string_view id) noexcept override {
    return id == NetworkChanges::kId ? static_cast<NetworkChanges*>(this) : nullptr;
  }

  Result<int> watch() override { fail(); }
  Result<NetworkChange> rescan() override { fail(); }
  Result<void> release(std::string_view /*device_id*/) override { fail(); }
};

class ThrowingFilesystem : public SharedFilesystem {
 public:
  SharedFilesystemNeeds needs() const override { fail(); }
  Result<void> check_host() override { fail(); }
  Result<StartedShare> start(Deadline /*deadline*/) override { fail(); }
  Result<Share> share(const ShareRequest& /*request*/) override { fail(); }
  Result<void> unshare(std::string_view /*id*/) override { fail(); }
  Result<void> stop(Deadline /*deadline*/) override { fail(); }
  Result<std::string> wait() override { fail(); }
  Result<std::string> save_state() const override { fail(); }
};

class ThrowingDedup : public MemoryDedup {
 public:
  Result<void> check_host() override { fail(); }
  Result<Next> start(Deadline /*now*/) override { fail(); }
  Result<Next> boost(Deadline /*now*/) override { fail(); }
  Result<Next> tick(Deadline /*now*/) override { fail(); }
  Result<DedupStats> stats() const override { fail(); }
  Result<void> restore() override { fail(); }
  Result<std::string> save_state() const override { fail(); }
};

}  // namespace broken
