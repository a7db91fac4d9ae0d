// SPDX-License-Identifier: Apache-2.0
//
// QEMU's command line as a value: made from values only, compared by tests, run by
// vmm_process.cpp of plugins/vmm-support.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "accelerator.h"
#include "agent_transport.h"
#include "kata/child_process.h"
#include "kata/plugin/hypervisor.h"
#include "nic_slots.h"
#include "qemu_config.h"

namespace kata::qemu {

inline constexpr int kFirstInheritedFd = 10;  // the children's numbers count up from here

struct SerialPort {
  int socket = -1;         // listening
  int debug_console = -1;  // listening; -1: the VM has no port for it
};
struct VsockPort {
  std::uint32_t cid = 0;
  int vhost = -1;
};

// Everything that decides the command line. Descriptors are lent.
struct Launch {
  const QemuConfig& config;
  const VmSpec& spec;
  std::span<const Device> devices{};
  NicSlots nics{};  // of the taps among the devices
  Accelerator accelerator = Accelerator::kTcg;
  std::uint64_t tsc_khz = 0;  // 0: unknown
  bool vhost_net = false;
  std::filesystem::path firmware{};  // empty: QEMU's own
  std::filesystem::path console_log{};
  int monitor_socket = -1;  // listening; QMP
  std::variant<SerialPort, VsockPort> agent{};
};

struct CommandLine {
  std::vector<std::string> argv{};
  std::vector<InheritedFd> descriptors{};
};

CommandLine make_command_line(const Launch& launch);

// The guest kernel's own command line: ours, then spec.kernel_params.
std::string kernel_command_line(const VmSpec& spec, Accelerator accelerator, std::uint64_t tsc_khz,
                                AgentTransport transport);

}  // namespace kata::qemu
