// SPDX-License-Identifier: Apache-2.0
//
// kata.hypervisor/1 by Cloud Hypervisor. In the state directory, while the VM runs: api.sock,
// vsock.sock, console.log, vmm.log; restore/ in one that came from a snapshot.
//
// Threads: as the interface says. wait_vm shares with the others the process and a few atomics;
// console_tail only reads a file.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api_client.h"
#include "api_replies.h"
#include "cloudhv_config.h"
#include "guest_console.h"
#include "kata/plugin/descriptor.h"
#include "kata/plugin/draft/hypervisor_counters.h"
#include "kata/plugin/draft/hypervisor_debug_console.h"
#include "kata/plugin/draft/hypervisor_resize.h"
#include "kata/plugin/draft/hypervisor_snapshot.h"
#include "kata/plugin/hypervisor.h"
#include "kata/plugin/hypervisor_pause.h"
#include "saved_state.h"
#include "vm_config.h"
#include "vmm_process.h"

namespace kata::cloudhv {

class CloudhvHypervisor final : public Hypervisor,
                                public HypervisorPause,
                                public HypervisorResize,
                                public HypervisorSnapshot,
                                public HypervisorCounters,
                                public HypervisorDebugConsole {
 public:
  static Result<std::unique_ptr<CloudhvHypervisor>> create(const plugin::Context& context);
  ~CloudhvHypervisor() override;

  HypervisorCapabilities capabilities() const override;
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
  Result<std::string> save_state() const override;
  void* extension(std::string_view id) noexcept override;

  Result<void> pause_vm(Deadline deadline) override;
  Result<void> resume_vm(Deadline deadline) override;
  Result<VmResources> resize(VmResources wanted, Deadline deadline) override;
  Result<void> save_snapshot(const std::filesystem::path& directory, Deadline deadline) override;
  Result<void> restore_vm(VmSpec spec, std::vector<Device> devices,
                          const std::filesystem::path& directory, Deadline deadline) override;
  Result<std::vector<VmCounter>> counters(Deadline deadline) const override;
  Result<void> offer_debug_console() override;
  Result<AgentAddress> debug_console_address() const override;

 private:
  CloudhvHypervisor(const plugin::Context& context, CloudhvConfig config);
  Result<void> adopt(std::string_view saved_state);

  // life
  Result<void> launch(Deadline deadline);
  Result<void> greet(Deadline deadline);  // waits for the API and checks the version
  Result<void> boot(Deadline deadline);
  Error start_failure(Error error);
  void remove_files();
  VmFiles files() const;  // as the VMM's process names them

  Result<void> reach_state(std::string_view call, std::string_view state, Deadline deadline);

  // devices
  Result<std::string> plug(const Device& device, Deadline deadline);
  Result<std::string> plug_nic(const TapDevice& tap, Deadline deadline);
  Result<void> check_attachable(const Device& device) const;
  Result<void> wait_until_gone(std::string_view id, Deadline deadline) const;

  // size
  Result<void> ask_for_size(const std::string& body, Deadline deadline) const;

  // snapshots
  Result<void> prepare_restore(const std::filesystem::path& directory);

  Result<const ApiClient*> api() const;
  Result<VmInfo> info(Deadline deadline) const;
  Result<void> expect_state(std::string_view state, Deadline deadline) const;

  std::filesystem::path file(std::string_view name) const { return state_dir_ / name; }
  void log(plugin::Host::Level level, std::string_view message) const { host_.log(level, message); }

  plugin::Host& host_;
  const CloudhvConfig config_;
  const std::filesystem::path state_dir_;

  std::optional<VmSpec> spec_{};  // from create_vm; empty id: of a saved VM
  std::vector<Device> devices_{};
  std::set<std::string> in_vm_{};  // devices by id
  std::uint64_t most_memory_ = 0;  // the VM may grow to, in bytes; 0: not known

  std::shared_ptr<vmm::VmmProcess> process_{};  // shared: stop_vm and wait_vm may hold it at once
  std::optional<ApiClient> api_{};
  std::atomic<bool> stop_requested_ = false;
  vmm::GuestConsole console_;
};

}  // namespace kata::cloudhv
