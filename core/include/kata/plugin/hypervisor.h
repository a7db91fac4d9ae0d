// SPDX-License-Identifier: Apache-2.0
//
// kata.hypervisor/1: one virtual machine, from empty to gone. FROZEN: see ABI.lock.
//
// Order: create_vm, start_vm, (attach | detach)*, stop_vm. An instance made with a saved state
// starts where the saved VM is. stop_vm may come at any point, any number of times; afterwards
// nothing of the VM is left on the host. A call that needs a VM before there is one is
// kFailedPrecondition. The VMM dies with the thread that called start_vm, so the host keeps that
// thread for the life of the instance. Threads: one call at a time but for the tags, descriptor.h.
//
// What a VMM may lack is no method here. Of kinds of devices the capabilities tell; abilities are
// extensions: hypervisor_pause.h, and those in draft/.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kata/plugin/device.h"
#include "kata/plugin/outcome.h"

namespace kata {

// What this instance does with the keys it was made with.
struct HypervisorCapabilities {
  bool block_hotplug = false;     // attach and detach take a BlockDevice
  bool net_hotplug = false;       // likewise a TapDevice
  bool vhost_user_fs = false;     // create_vm takes a VhostUserFs
  bool plan9 = false;             // create_vm takes a Plan9Share: the VMM serves 9p itself
  bool mergeable_memory = false;  // VmSpec::mergeable_memory
  bool host_files = false;  // no machine of its own: the guest sees the host's files, those of its
                            // sandbox where the host has them
};

struct VmResources {
  std::uint32_t vcpus = 1;
  std::uint64_t memory_mib = 0;
};

struct VmSpec {
  std::string id{};             // the sandbox's, for names and messages
  std::string kernel_params{};  // appended last to the plugin's own: the later word wins in the
                                // kernel
  VmResources boot{};
  VmResources maximum{};  // what a later resize may ask for; less than `boot` counts as `boot`
  std::filesystem::path kernel{}, initrd{}, image{};  // initrd or image, not both
  std::filesystem::path netns{};  // the VMM process runs here; empty: the host's namespace
  bool shared_memory = false;     // vhost-user devices need it
  bool mergeable_memory = false;  // the host may merge equal pages of VMs; not with shared_memory
  bool hugepages = false;
};

struct AttachedDevice {
  std::string id{};
  // Where the guest finds it, as the agent reads it (Kata's PCI path): slots in two hexadecimal
  // digits from the root bus, "02" or "02/03" behind a bridge. "": the guest finds it otherwise, a
  // NIC by its MAC address.
  std::string guest_address{};
};

// How the host reaches the agent; the first connection may take until the guest is up.
struct VsockAddress {  // AF_VSOCK
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

struct VmProcesses {  // for control groups; numbers as the caller's pid namespace has them
  std::int32_t vmm_pid = 0;
  std::vector<std::int32_t> vcpu_tids{};  // empty: it cannot be told
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

  virtual HypervisorCapabilities capabilities() const = 0;  // [any] constant for an instance

  // Why it cannot run here: the error. No side effect, and no wait for another program.
  virtual Result<void> check_host() = 0;

  // Nothing runs yet. Once. The devices are the plugin's from now on, with their descriptors.
  // kInvalidArgument: a spec that makes no VM. kUnsupported: a device that it cannot carry.
  virtual Result<void> create_vm(VmSpec spec, std::vector<Device> devices) = 0;

  // Returns when the vCPUs run. On failure nothing of the VM is left; kTimeout: not by the
  // deadline.
  virtual Result<void> start_vm(Deadline deadline) = 0;

  // Asks the VM to end, and kills it at the deadline; with one that has passed, at once.
  // Idempotent.
  virtual Result<void> stop_vm(Deadline deadline) = 0;

  // [waiter] Until the VMM is gone, however that came. A guest that resets itself may keep its VMM.
  virtual Result<VmExit> wait_vm() = 0;

  // On failure the VM is as it was. kUnsupported: this VMM takes no such device while it runs.
  virtual Result<AttachedDevice> attach(Device device, Deadline deadline) = 0;

  // Returns when the guest has let go of it. kNotFound: no device of this id was given to the VM.
  // kTimeout: the guest keeps it.
  virtual Result<void> detach(std::string_view device_id, Deadline deadline) = 0;

  virtual Result<AgentAddress> agent_address() const = 0;  // from create_vm on
  virtual Result<VmProcesses> processes() const = 0;       // from start_vm on

  // [any] The guest's last console lines, at most so many; empty without a console.
  virtual Result<std::string> console_tail(std::uint32_t lines) const = 0;

  // For a later instance that stops this VM: text that only the plugin understands. Asked for after
  // each call that changes the VM.
  virtual Result<std::string> save_state() const = 0;

  // See extension.h.
  virtual void* extension(std::string_view /*id*/) noexcept { return nullptr; }
};

}  // namespace kata
