// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/guard.h"
#include "core/plugin_host/guarded_extension.h"
#include "core/plugin_host/guarded_hypervisor_extensions.h"

namespace kata::plugin_host {

namespace {

class GuardedHypervisor final : public Hypervisor {
 public:
  explicit GuardedHypervisor(Instance<Hypervisor> inner) : inner_(std::move(inner)) {}

  HypervisorCapabilities capabilities() const override {
    return guard_value(inner_.name, "capabilities", [&] { return inner_.object->capabilities(); });
  }
  Result<void> check_host() override {
    return guard(inner_.name, "check_host", [&] { return inner_.object->check_host(); });
  }
  Result<void> create_vm(VmSpec spec, std::vector<Device> devices) override {
    return guard(inner_.name, "create_vm",
                 [&] { return inner_.object->create_vm(std::move(spec), std::move(devices)); });
  }
  Result<void> start_vm(Deadline deadline) override {
    return guard(inner_.name, "start_vm", [&] { return inner_.object->start_vm(deadline); });
  }
  Result<void> stop_vm(Deadline deadline) override {
    return guard(inner_.name, "stop_vm", [&] { return inner_.object->stop_vm(deadline); });
  }
  Result<VmExit> wait_vm() override {
    return guard(inner_.name, "wait_vm", [&] { return inner_.object->wait_vm(); });
  }
  Result<AttachedDevice> attach(Device device, Deadline deadline) override {
    return guard(inner_.name, "attach",
                 [&] { return inner_.object->attach(std::move(device), deadline); });
  }
  Result<void> detach(std::string_view device_id, Deadline deadline) override {
    return guard(inner_.name, "detach", [&] { return inner_.object->detach(device_id, deadline); });
  }
  Result<AgentAddress> agent_address() const override {
    return guard(inner_.name, "agent_address", [&] { return inner_.object->agent_address(); });
  }
  Result<VmProcesses> processes() const override {
    return guard(inner_.name, "processes", [&] { return inner_.object->processes(); });
  }
  Result<std::string> console_tail(std::uint32_t lines) const override {
    return guard(inner_.name, "console_tail", [&] { return inner_.object->console_tail(lines); });
  }
  Result<std::string> save_state() const override {
    return guard(inner_.name, "save_state", [&] { return inner_.object->save_state(); });
  }
  void* extension(std::string_view id) noexcept override {
    return guarded_extension(inner_.name, *inner_.object, id, pause_, resize_, snapshot_, counters_,
                             debug_console_);
  }

 private:
  Instance<Hypervisor> inner_;
  GuardedExtension<HypervisorPause, GuardedPause> pause_{};
  GuardedExtension<HypervisorResize, GuardedResize> resize_{};
  GuardedExtension<HypervisorSnapshot, GuardedSnapshot> snapshot_{};
  GuardedExtension<HypervisorCounters, GuardedCounters> counters_{};
  GuardedExtension<HypervisorDebugConsole, GuardedDebugConsole> debug_console_{};
};

}  // namespace

std::unique_ptr<Hypervisor> guarded(Instance<Hypervisor> instance) {
  return std::make_unique<GuardedHypervisor>(std::move(instance));
}

}  // namespace kata::plugin_host
