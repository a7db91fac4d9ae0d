// SPDX-License-Identifier: Apache-2.0
//
// The guards of what a hypervisor may offer beside its interface.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/plugin_host/guard.h"
#include "kata/plugin/draft/hypervisor_counters.h"
#include "kata/plugin/draft/hypervisor_debug_console.h"
#include "kata/plugin/draft/hypervisor_resize.h"
#include "kata/plugin/draft/hypervisor_snapshot.h"
#include "kata/plugin/hypervisor_pause.h"

namespace kata::plugin_host {

class GuardedPause final : public HypervisorPause {
 public:
  GuardedPause(const std::string& plugin, HypervisorPause& inner)
      : plugin_(plugin), inner_(inner) {}

  Result<void> pause_vm(Deadline deadline) override {
    return guard(plugin_, "pause_vm", [&] { return inner_.pause_vm(deadline); });
  }
  Result<void> resume_vm(Deadline deadline) override {
    return guard(plugin_, "resume_vm", [&] { return inner_.resume_vm(deadline); });
  }

 private:
  const std::string& plugin_;
  HypervisorPause& inner_;
};

class GuardedResize final : public HypervisorResize {
 public:
  GuardedResize(const std::string& plugin, HypervisorResize& inner)
      : plugin_(plugin), inner_(inner) {}

  Result<VmResources> resize(VmResources wanted, Deadline deadline) override {
    return guard(plugin_, "resize", [&] { return inner_.resize(wanted, deadline); });
  }

 private:
  const std::string& plugin_;
  HypervisorResize& inner_;
};

class GuardedSnapshot final : public HypervisorSnapshot {
 public:
  GuardedSnapshot(const std::string& plugin, HypervisorSnapshot& inner)
      : plugin_(plugin), inner_(inner) {}

  Result<void> save_snapshot(const std::filesystem::path& directory, Deadline deadline) override {
    return guard(plugin_, "save_snapshot",
                 [&] { return inner_.save_snapshot(directory, deadline); });
  }
  Result<void> restore_vm(VmSpec spec, std::vector<Device> devices,
                          const std::filesystem::path& directory, Deadline deadline) override {
    return guard(plugin_, "restore_vm", [&] {
      return inner_.restore_vm(std::move(spec), std::move(devices), directory, deadline);
    });
  }

 private:
  const std::string& plugin_;
  HypervisorSnapshot& inner_;
};

class GuardedCounters final : public HypervisorCounters {
 public:
  GuardedCounters(const std::string& plugin, HypervisorCounters& inner)
      : plugin_(plugin), inner_(inner) {}

  Result<std::vector<VmCounter>> counters(Deadline deadline) const override {
    return guard(plugin_, "counters", [&] { return inner_.counters(deadline); });
  }

 private:
  const std::string& plugin_;
  HypervisorCounters& inner_;
};

class GuardedDebugConsole final : public HypervisorDebugConsole {
 public:
  GuardedDebugConsole(const std::string& plugin, HypervisorDebugConsole& inner)
      : plugin_(plugin), inner_(inner) {}

  Result<void> offer_debug_console() override {
    return guard(plugin_, "offer_debug_console", [&] { return inner_.offer_debug_console(); });
  }
  Result<AgentAddress> debug_console_address() const override {
    return guard(plugin_, "debug_console_address", [&] { return inner_.debug_console_address(); });
  }

 private:
  const std::string& plugin_;
  HypervisorDebugConsole& inner_;
};

}  // namespace kata::plugin_host
