// SPDX-License-Identifier: Apache-2.0
//
// A hypervisor without a VM. The test is the guest: it listens on agent_socket and says when the VM
// dies.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <utility>

#include "kata/plugin/hypervisor.h"
#include "tests/fakes/call_log.h"

namespace kata::fakes {

class FakeHypervisor final : public Hypervisor {
 public:
  FakeHypervisor(CallLog& log, std::filesystem::path agent_socket)
      : log_(log), agent_socket_(std::move(agent_socket)) {}

  HypervisorCapabilities offered{};
  std::string console{};  // the guest's last lines
  VmSpec spec{};          // as create_vm got it
  std::size_t device_count = 0;

  // The VM's process ends by itself. [any]
  void die(std::string reason) { end(VmExit{137, false, std::move(reason)}); }

  HypervisorCapabilities capabilities() const override { return offered; }
  Result<void> check_host() override { return log_.enter("hypervisor.check_host"); }
  Result<void> create_vm(VmSpec wanted, std::vector<Device> devices) override {
    if (wanted.boot.vcpus == 0 || (!wanted.initrd.empty() && !wanted.image.empty()) ||
        (wanted.shared_memory && wanted.mergeable_memory))
      return make_error(ErrorCode::kInvalidArgument, "this makes no VM");
    spec = std::move(wanted);
    device_count = devices.size();
    created_ = true;
    return log_.enter("hypervisor.create_vm");
  }
  Result<void> start_vm(Deadline /*deadline*/) override {
    if (!created_) return early();
    return log_.enter("hypervisor.start_vm");
  }
  Result<void> stop_vm(Deadline /*deadline*/) override {
    end(VmExit{0, true, "stopped"});
    return log_.enter("hypervisor.stop_vm");
  }
  Result<VmExit> wait_vm() override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ended_; });
    return exit_;
  }
  Result<AttachedDevice> attach(Device, Deadline) override { return unsupported(); }
  Result<void> detach(std::string_view, Deadline) override { return unsupported(); }
  Result<AgentAddress> agent_address() const override {
    if (!created_) return early();
    return AgentAddress(SerialAddress{agent_socket_});
  }
  Result<VmProcesses> processes() const override { return VmProcesses{::getpid(), {}}; }
  Result<std::string> console_tail(std::uint32_t) const override { return console; }
  Result<std::string> save_state() const override { return std::string("hypervisor state"); }

 private:
  static Error unsupported() {
    return make_error(ErrorCode::kUnsupported, "the fake hypervisor cannot do this");
  }
  static Error early() {
    return make_error(ErrorCode::kFailedPrecondition, "the fake hypervisor has no VM yet");
  }
  void end(VmExit exit) {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    ended_ = true;
    exit_ = std::move(exit);
    changed_.notify_all();
  }

  CallLog& log_;
  std::filesystem::path agent_socket_;
  std::mutex mutex_{};
  std::condition_variable changed_{};
  bool created_ = false, ended_ = false;
  VmExit exit_{};
};

}  // namespace kata::fakes
