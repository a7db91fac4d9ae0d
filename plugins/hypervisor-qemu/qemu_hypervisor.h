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
#include "kata/plugin/descriptor.h"
#include "kata/plugin/draft/hypervisor.h"
#include "nic_slots.h"
#include "qemu_config.h"
#include "qemu_process.h"
#include "qmp_client.h"
#include "saved_state.h"
#include "tsc.h"

namespace kata::qemu {

class QemuHypervisor final : public Hypervisor {
 public:
  static Result<std::unique_ptr<QemuHypervisor>> create(const plugin::Context& context);
  ~QemuHypervisor() override;

  HypervisorCapabilities capabilities() const override;
  Result<void> check_host() override;
  Result<void> create_vm(VmSpec spec, std::vector<Device> devices) override;
  Result<void> start_vm(Deadline deadline) override;
  Result<void> stop_vm(Deadline deadline) override;
  Result<VmExit> wait_vm() override;
  Result<void> pause_vm() override;
  Result<void> resume_vm() override;
  Result<AttachedDevice> attach(Device device, Deadline deadline) override;
  Result<void> detach(std::string_view device_id, Deadline deadline) override;
  Result<VmResources> resize(VmResources wanted, Deadline deadline) override;
  Result<AgentAddress> agent_address() const override;
  Result<VmProcesses> processes() const override;
  Result<std::string> console_tail(std::uint32_t lines) const override;
  Result<std::string> save_state() const override;

 private:
  struct Sockets {  // listening, for the time between bind and exec
    UniqueFd monitor{}, agent{};
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
  void ask_to_end(Deadline deadline);
  Result<ExitStatus> end_process(Deadline deadline);
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
  bool tsc_is_steady_ = false, vhost_net_ = false;
  std::uint32_t guest_cid_ = 0;  // 0: the agent is on the serial port
  UniqueFd vhost_vsock_{};
  NicSlots nics_{};

  std::shared_ptr<QemuProcess> process_{};  // shared: stop_vm and wait_vm may hold it at once
  mutable std::mutex monitor_mutex_{};
  mutable std::unique_ptr<QmpClient> monitor_{};
  std::atomic<bool> stop_requested_ = false;
  mutable std::mutex console_mutex_{};
  std::string last_console_{};  // what console.log said when it was removed
};

}  // namespace kata::qemu
