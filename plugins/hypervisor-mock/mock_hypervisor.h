// SPDX-License-Identifier: Apache-2.0
//
// A hypervisor without a virtual machine: kata-mock-vm stands for the VMM, and runs the guest's
// agent in namespaces of its own. UNSAFE: the guest's kernel is the host's. It makes scaling tests
// and experiments fast.
//
// The guest has the host's files (HypervisorCapabilities::host_files), a network of its own with a
// loopback, and no device. One instance a sandbox.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "kata/child_process.h"
#include "kata/plugin/descriptor.h"
#include "kata/plugin/hypervisor.h"
#include "record.h"
#include "settings.h"

namespace kata::mock {

class MockHypervisor final : public Hypervisor {
 public:
  static Result<std::unique_ptr<MockHypervisor>> create(const plugin::Context& context);

  HypervisorCapabilities capabilities() const override { return {.host_files = true}; }
  Result<void> check_host() override;
  Result<void> create_vm(VmSpec spec, std::vector<Device> devices) override;
  Result<void> start_vm(Deadline deadline) override;
  Result<void> stop_vm(Deadline deadline) override;
  Result<VmExit> wait_vm() override;
  Result<AttachedDevice> attach(Device device, Deadline deadline) override;
  Result<void> detach(std::string_view device_id, Deadline deadline) override;
  Result<AgentAddress> agent_address() const override;
  Result<VmProcesses> processes() const override;
  Result<std::string> console_tail(std::uint32_t lines) const override;
  Result<std::string> save_state() const override { return to_text(record_); }

 private:
  MockHypervisor(Settings settings, std::filesystem::path state_dir, Record record)
      : settings_(std::move(settings)), state_dir_(std::move(state_dir)), record_(record) {}

  Result<void> launch(Deadline deadline);
  Result<void> end_process(ChildProcess& process, Deadline deadline);
  Result<void> clear_state();
  std::shared_ptr<ChildProcess> process() const;

  const Settings settings_;
  const std::filesystem::path state_dir_;
  Record record_;
  bool created_ = false;
  mutable std::mutex mutex_{};               // wait_vm runs beside the others
  std::shared_ptr<ChildProcess> process_{};  // under mutex_, and reaped under it
  bool stopping_ = false;                    // under mutex_
};

}  // namespace kata::mock
