// SPDX-License-Identifier: Apache-2.0
#include "command_line.h"

#include <type_traits>

#include "kata/concat.h"
#include "kata/plugin/draft/hypervisor_debug_console.h"

namespace kata::qemu {
namespace {

constexpr std::string_view kAgentPort = "agent.channel.0";

// One "driver,key=value,…" argument. QEMU reads a doubled comma as a comma.
class Option {
 public:
  explicit Option(std::string_view head) : text_(head) {}
  Option& set(std::string_view key, std::string_view value) {
    text_ += concat(",", key, "=");
    for (const char character : value) text_.append(character == ',' ? 2 : 1, character);
    return *this;
  }
  Option& set(std::string_view key, std::integral auto number) {
    return set(key, std::to_string(number));
  }
  Option& raw(std::string_view text) {  // the operator's own words: "pmu=off,-avx"
    if (!text.empty()) text_ += concat(",", text);
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

class Builder {
 public:
  explicit Builder(const std::filesystem::path& program) { line_.argv.push_back(program.native()); }

  void flag(std::string_view name) { line_.argv.emplace_back(name); }
  void add(std::string_view name, std::string_view value) {
    line_.argv.emplace_back(name);
    line_.argv.emplace_back(value);
  }
  void add(std::string_view name, const Option& option) { add(name, option.text()); }
  int pass(int fd) {  // its number in the child
    const int child = kFirstInheritedFd + static_cast<int>(line_.descriptors.size());
    line_.descriptors.push_back({fd, child});
    return child;
  }
  CommandLine take() { return std::move(line_); }

 private:
  CommandLine line_{};
};

void add_machine(Builder& line, const Launch& launch) {
  const bool kvm = launch.accelerator == Accelerator::kKvm;
  Option machine(launch.config.machine_type);
  const int tb_size = kvm ? 0 : launch.config.tcg_tb_size;
  if (tb_size == 0) machine.set("accel", kvm ? "kvm" : "tcg");
  if (kvm) machine.set("kernel_irqchip", "split");
  machine.set("mem-merge", launch.spec.mergeable_memory ? "on" : "off");
  machine.set("memory-backend", "mem0").raw(launch.config.machine_accelerators);
  line.add("-machine", machine);
  // QEMU refuses -accel beside -machine accel=.
  if (tb_size != 0) line.add("-accel", Option("tcg").set("tb-size", std::to_string(tb_size)));
  // Where a CPU says that "rep movsb" and "rep stosb" are fast, Linux copies and clears pages by
  // them. Emulated they go byte by byte: a seventh of a boot.
  line.add("-cpu", Option(kvm ? "host" : "max,erms=off").raw(launch.config.cpu_features));
  line.add("-smp", std::to_string(launch.spec.boot.vcpus));
}

void add_memory(Builder& line, const VmSpec& spec) {
  const std::string size = concat(spec.boot.memory_mib, "M");
  const bool memfd = spec.shared_memory || spec.hugepages;
  Option memory(memfd ? "memory-backend-memfd" : "memory-backend-ram");
  memory.set("id", "mem0").set("size", size).set("merge", spec.mergeable_memory ? "on" : "off");
  if (memfd) memory.set("share", spec.shared_memory ? "on" : "off");
  if (spec.hugepages) memory.set("hugetlb", "on");
  line.add("-m", size);
  line.add("-object", memory);
}

void add_guest(Builder& line, const Launch& launch) {
  if (!launch.firmware.empty()) line.add("-bios", launch.firmware.native());
  line.add("-kernel", launch.spec.kernel.native());
  line.add("-initrd", launch.spec.initrd.native());
  const AgentTransport transport = std::holds_alternative<SerialPort>(launch.agent)
                                       ? AgentTransport::kSerial
                                       : AgentTransport::kVsock;
  line.add("-append",
           kernel_command_line(launch.spec, launch.accelerator, launch.tsc_khz, transport));
}

void add_monitor(Builder& line, int socket) {
  line.add("-chardev", Option("socket")
                           .set("id", "qmp")
                           .set("fd", line.pass(socket))
                           .set("server", "on")
                           .set("wait", "off"));
  line.add("-mon", "chardev=qmp,mode=control");
}

void add_console(Builder& line, const std::filesystem::path& log) {
  line.add("-chardev", Option("file").set("id", "console").set("path", log.native()));
  line.add("-serial", "chardev:console");
}

void add_nic_bridge(Builder& line) {
  line.add("-device", Option("pci-bridge")
                          .set("id", kNicBus)
                          .set("addr", kNicBridgeSlot)
                          .set("chassis_nr", 1)
                          .set("shpc", "off"));  // ACPI plugs; guests have no driver for SHPC
}

void add_serial_port(Builder& line, std::string_view chardev, std::string_view name, int socket) {
  line.add("-chardev", Option("socket")
                           .set("id", chardev)
                           .set("fd", line.pass(socket))
                           .set("server", "on")
                           .set("wait", "off"));
  line.add("-device", Option("virtserialport").set("chardev", chardev).set("name", name));
}

void add_agent_port(Builder& line, const SerialPort& port, Accelerator accelerator) {
  const bool has_console = port.debug_console >= 0;
  // Two ports (the first is a console's, and unused) instead of 31: six queues instead of 64.
  Option device("virtio-serial-pci");
  device.set("id", "serial0")
      .set("bus", kNicBus)
      .set("addr", kAgentSlot)
      .set("max_ports", has_console ? 3 : 2)
      .set("disable-legacy", "on");
  // An emulated CPU reads the interrupt status as quickly as memory, and is spared the set-up of
  // MSI-X, which the agent would wait for.
  if (accelerator == Accelerator::kTcg) device.set("vectors", 0);
  line.add("-device", device);
  add_serial_port(line, "agent", kAgentPort, port.socket);
  if (has_console) add_serial_port(line, "debug-console", kDebugConsolePort, port.debug_console);
}

void add_agent_port(Builder& line, const VsockPort& port, Accelerator) {
  line.add("-device", Option("vhost-vsock-pci")
                          .set("id", "vsock0")
                          .set("bus", kNicBus)
                          .set("addr", kAgentSlot)
                          .set("vhostfd", line.pass(port.vhost))
                          .set("guest-cid", port.cid));
}

void add_device(Builder& line, const Launch&, const BlockDevice& disk) {
  line.add("-drive", Option("if=none")
                         .set("id", "drive-" + disk.id)
                         .set("file", disk.path.native())
                         .set("format", "raw")
                         .set("readonly", disk.read_only ? "on" : "off"));
  line.add("-device", Option("virtio-blk-pci")
                          .set("id", disk.id)
                          .set("drive", "drive-" + disk.id)
                          .set("serial", disk.id.substr(0, 20)));  // VIRTIO_BLK_ID_BYTES
}

void add_device(Builder& line, const Launch& launch, const TapDevice& tap) {
  std::string numbers;
  for (const UniqueFd& queue : tap.queues)
    numbers += concat(numbers.empty() ? "" : ":", line.pass(queue.get()));
  Option backend("tap");
  backend.set("id", "net-" + tap.id).set(tap.queues.size() == 1 ? "fd" : "fds", numbers);
  if (launch.vhost_net) backend.set("vhost", "on");
  line.add("-netdev", backend);
  Option card("virtio-net-pci");
  card.set("id", tap.id).set("netdev", "net-" + tap.id).set("mac", tap.mac).set("romfile", "");
  card.set("disable-legacy", "on").set("bus", kNicBus).set("addr", launch.nics.all().at(tap.id));
  if (tap.queues.size() > 1) card.set("mq", "on").set("vectors", 2 * tap.queues.size() + 2);
  line.add("-device", card);
}

void add_device(Builder& line, const Launch&, const VhostUserFs& share) {
  line.add("-chardev",
           Option("socket").set("id", "char-" + share.id).set("path", share.socket.native()));
  line.add("-device", Option("vhost-user-fs-pci")
                          .set("id", share.id)
                          .set("chardev", "char-" + share.id)
                          .set("tag", share.tag)
                          .set("queue-size", share.queue_size));
}

void add_device(Builder& line, const Launch&, const Plan9Share& share) {
  Option backend("local");
  backend.set("id", "fs-" + share.id)
      .set("path", share.host_path.native())
      .set("security_model", "passthrough")  // a wrong owner is an error, not silence
      .set("multidevs", "remap");
  if (share.read_only) backend.set("readonly", "on");
  line.add("-fsdev", backend);
  line.add("-device", Option("virtio-9p-pci")
                          .set("id", share.id)
                          .set("fsdev", "fs-" + share.id)
                          .set("mount_tag", share.tag));
}

void add_device(Builder&, const Launch&, const HostPciDevice&) {}  // refused by check_spec

}  // namespace

CommandLine make_command_line(const Launch& launch) {
  Builder line(launch.config.path);
  line.add("-name", Option("sandbox-" + launch.spec.id).set("debug-threads", "on"));
  line.flag("-nodefaults");
  line.flag("-no-user-config");
  line.add("-display", "none");
  line.flag("-no-reboot");
  if (!launch.config.seccompsandbox.empty()) line.add("-sandbox", launch.config.seccompsandbox);
  add_machine(line, launch);
  add_memory(line, launch.spec);
  add_guest(line, launch);
  add_monitor(line, launch.monitor_socket);
  add_console(line, launch.console_log);
  add_nic_bridge(line);
  std::visit([&](const auto& port) { add_agent_port(line, port, launch.accelerator); },
             launch.agent);
  if (!launch.config.entropy_source.empty()) {
    line.add("-object", Option("rng-random")
                            .set("id", "rng0")
                            .set("filename", launch.config.entropy_source.native()));
    line.add("-device", "virtio-rng-pci,rng=rng0");
  }
  for (const Device& device : launch.devices)
    std::visit([&](const auto& it) { add_device(line, launch, it); }, device);
  return line.take();
}

std::string kernel_command_line(const VmSpec& spec, Accelerator accelerator, std::uint64_t tsc_khz,
                                AgentTransport transport) {
  // reboot=t: the triple fault reaches QEMU at once, and -no-reboot makes it the end of the VM.
  // cryptomgr.notests: a distribution's kernel tests its ciphers at each boot, a quarter of it
  // under TCG.
  // rcu_expedited: mounts of control groups, modules and namespaces wait for grace periods, which
  // a machine with few CPUs can have at once.
  std::string words =
      "console=ttyS0 quiet panic=-1 reboot=t cryptomgr.notests rcupdate.rcu_expedited=1";
  // With one vCPU the kernel would patch every LOCK prefix away, which costs more than it saves.
  if (spec.boot.vcpus == 1) words += " noreplace-smp";
  if (accelerator == Accelerator::kTcg) {
    words += " nolapic_timer";  // q35 and pc have a HPET; saves a calibration of 100 ms
    if (tsc_khz != 0) words += concat(" tsc_early_khz=", tsc_khz);
  }
  // The agent need not look through the machine's devices for its way out.
  if (transport == AgentTransport::kSerial)
    words += concat(" agent.server_addr=serial://", kAgentPort);
  if (!spec.kernel_params.empty()) words += concat(" ", spec.kernel_params);
  return words;
}

}  // namespace kata::qemu
