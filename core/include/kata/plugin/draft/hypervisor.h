// SPDX-License-Identifier: Apache-2.0
//
// kata.hypervisor/1: one virtual machine, from empty to gone. DRAFT: frozen when two VMMs pass its
// conformance suite.
//
// Order: create_vm, start_vm, (attach | detach | resize | pause_vm | resume_vm)*, stop_vm. An
// instance made with saved_state starts where the saved VM is. stop_vm may come at any point, any
// number of times; afterwards nothing of the VM is left on the host. The VMM dies with the thread
// that called start_vm, so the host keeps that thread for the life of the instance.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kata/plugin/device.h"
#include "kata/result.h"

namespace kata {

struct HypervisorCapabilities {
  bool block_hotplug = false, net_hotplug = false, cpu_hotplug = false, memory_hotplug = false;
  bool vhost_user_fs = false, plan9 = false, hybrid_vsock = false, pause = false,
       mergeable_memory = false;
};

struct VmResources {
  std::uint32_t vcpus = 1;
  std::uint64_t memory_mib = 0;
};

struct VmSpec {
  std::string id{};
  std::string
      kernel_params{};  // appended last to the plugin's own; the later word wins in the kernel
  VmResources boot{}, maximum{};
  std::filesystem::path kernel{}, initrd{}, image{};  // initrd or image, not both
  std::filesystem::path netns{};  // the VMM process runs here; empty: the host's namespace
  bool shared_memory = false;     // vhost-user devices need it
  bool mergeable_memory = false;  // the host may merge equal pages of VMs; not with shared_memory
  bool hugepages = false;
};

struct AttachedDevice {
  std::string id{};
  std::string guest_address{};  // PCI path as the agent expects it, "02/00"
};

// How the agent is reached.
struct VsockAddress {
  std::uint32_t cid = 0, port = 0;
};
struct HybridVsockAddress {  // connect, send "CONNECT <port>\n", read a line that begins with "OK"
  std::filesystem::path socket{};
  std::uint32_t port = 0;
};
struct SerialAddress {  // one byte stream; the VMM listens and keeps the bytes until the guest
                        // opens its port
  std::filesystem::path socket{};
};
using AgentAddress = std::variant<VsockAddress, HybridVsockAddress, SerialAddress>;

struct VmProcesses {
  std::int32_t vmm_pid = 0;
  std::vector<std::int32_t> vcpu_tids{};
};

struct VmExit {
  std::int32_t status = 0;  // exit code, or 128 + signal; -1 when the VMM was not our child
  bool requested = false;   // stop_vm was called first
  std::string
      reason{};  // one line for people: signal, last lines of stderr or of the guest's console
};

class Hypervisor {
 public:
  virtual ~Hypervisor() = default;
  virtual HypervisorCapabilities capabilities() const = 0;  // [any] constant
  virtual Result<void> check_host() = 0;  // why it cannot run here; no side effect
  virtual Result<void> create_vm(
      VmSpec spec,
      std::vector<Device> devices) = 0;  // nothing runs yet; bad spec: kInvalidArgument
  virtual Result<void> start_vm(Deadline deadline) = 0;  // returns when the vCPUs run
  virtual Result<void> stop_vm(
      Deadline deadline) = 0;            // asks, then kills at the deadline; idempotent
  virtual Result<VmExit> wait_vm() = 0;  // [waiter] until the VMM is gone
  virtual Result<void> pause_vm() = 0;   // kUnsupported without .pause
  virtual Result<void> resume_vm() = 0;
  virtual Result<AttachedDevice> attach(Device device,
                                        Deadline deadline) = 0;  // on failure the VM is as it was
  virtual Result<void> detach(std::string_view device_id,
                              Deadline deadline) = 0;  // unknown id: kNotFound
  virtual Result<VmResources> resize(VmResources wanted,
                                     Deadline deadline) = 0;  // what it got, maybe less
  virtual Result<AgentAddress> agent_address() const = 0;  // kFailedPrecondition before create_vm
  virtual Result<VmProcesses> processes() const = 0;
  virtual Result<std::string> console_tail(
      std::uint32_t lines) const = 0;                  // [any] the guest's last console lines
  virtual Result<std::string> save_state() const = 0;  // opaque to the host
  virtual void* extension(std::string_view /*id*/) noexcept {
    return nullptr;
  }  // "kata.hypervisor.snapshot/1"
};

}  // namespace kata
