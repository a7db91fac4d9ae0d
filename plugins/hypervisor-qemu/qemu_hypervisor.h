// SPDX-License-Identifier: Apache-2.0
//
// kata.hypervisor/1 by QEMU. In the state directory, while the VM runs: qmp.sock, agent.sock,
// console.log, qemu.log.
//
// Threads: as the interface says. wait_vm shares with the others the process, the monitor (under
// monitor_mutex_) and a few atomics; console_tail only reads a file.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "accelerator.h"
#include "agent_transport.h"
#include "command_line.h"
#include "guest_console.h"
#include "kata/plugin/descriptor.h"
#include "kata/plugin/draft/hypervisor_debug_console.h"
#include "kata/plugin/hypervisor.h"
#include "kata/plugin/hypervisor_pause.h"
#include "nic_slots.h"
#include "qemu_config.h"
#include "qmp_client.h"
#include "saved_state.h"
#include "tsc.h"
#include "vmm_process.h"

namespace kata::qemu {

class QemuHypervisor final : public Hypervisor,
                             public HypervisorPause,
                             public HypervisorDebugConsole {
 public:
  static Result<std::unique_ptr<QemuHypervisor>> create(const plugin::Context& context);
  ~QemuHypervisor() override;

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
  Result<void> offer_debug_console() override;
  Result<AgentAddress> debug_console_address() const override;

 private:
  struct Sockets {  // listening, for the time between bind and exec
    UniqueFd monitor{}, agent{}, debug_console{};
  };

  QemuHypervisor(const plugin::Context& context, QemuConfig config);
  Result<void> restore(std::string_view saved_state);

  Result<Sockets> listen() const;
  Result<CommandLine> command_line(const Sockets& sockets) const;
  Result<void> launch(Deadline deadline);
  Result<void> wait_until_running(Deadline deadline);
  Error start_failure(Error error);

  Result<QmpClient*> monitor(Deadline deadline) const;  // under monitor_mutex_
  Result<std::string> ask_monitor(std::string_view command, Deadline deadline) const;
  std::string shutdown_reason();
  void remove_files();

  std::filesystem::path file(std::string_view name) const { return state_dir_ / name; }
  void log(plugin::Host::Level level, std::string_view message) const { host_.log(level, message); }

  plugin::Host& host_;
  const QemuConfig config_;
  const std::filesystem::path state_dir_;
  const TscSample created_ = sample_tsc();

  std::optional<VmSpec> spec_{};  // from create_vm
  std::vector<Device> devices_{};
  Accelerator accelerator_ = Accelerator::kTcg;
  bool tsc_is_steady_ = false, vhost_net_ = false, debug_console_ = false;
  std::uint32_t guest_cid_ = 0;  // 0: the agent is on the serial port
  UniqueFd vhost_vsock_{};
  NicSlots nics_{};

  std::shared_ptr<vmm::VmmProcess> process_{};  // shared: stop_vm and wait_vm may hold it at once
  mutable std::mutex monitor_mutex_{};
  mutable std::unique_ptr<QmpClient> monitor_{};
  std::atomic<bool> stop_requested_ = false;
  vmm::GuestConsole console_;
};

}  // namespace kata::qemu
