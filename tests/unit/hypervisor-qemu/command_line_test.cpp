// SPDX-License-Identifier: Apache-2.0
#include "command_line.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace kata;
using namespace kata::qemu;

namespace {

using Words = std::vector<std::string>;

VmSpec small_spec() {
  VmSpec spec;
  spec.id = "abc";
  spec.kernel = "/guest/vmlinux";
  spec.initrd = "/guest/initrd.img";
  spec.boot = {1, 512};
  return spec;
}

QemuConfig plain_config() {
  QemuConfig config;
  config.path = "/usr/bin/qemu";
  return config;
}

CommandLine line_for(const QemuConfig& config, const VmSpec& spec,
                     std::span<const Device> devices = {},
                     Accelerator accelerator = Accelerator::kTcg) {
  Launch launch{.config = config, .spec = spec, .devices = devices};
  launch.accelerator = accelerator;
  for (const Device& device : devices)
    if (const auto* const tap = std::get_if<TapDevice>(&device))
      REQUIRE(launch.nics.take(tap->id).ok());
  launch.console_log = "/state/console.log";
  launch.monitor_socket = 3;
  launch.agent = SerialPort{4};
  return make_command_line(launch);
}

// The values of every `option` in the line.
Words values_of(const CommandLine& line, std::string_view option) {
  Words values;
  for (std::size_t at = 0; at + 1 < line.argv.size(); ++at)
    if (line.argv[at] == option) values.push_back(line.argv[at + 1]);
  return values;
}

bool has(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

TEST_CASE("the smallest VM has exactly this command line") {
  const QemuConfig config = plain_config();
  const Words expected = {
      "/usr/bin/qemu",
      "-name",
      "sandbox-abc,debug-threads=on",
      "-nodefaults",
      "-no-user-config",
      "-display",
      "none",
      "-no-reboot",
      "-machine",
      "q35,accel=tcg,mem-merge=off,memory-backend=mem0",
      "-cpu",
      "max,erms=off",
      "-smp",
      "1",
      "-m",
      "512M",
      "-object",
      "memory-backend-ram,id=mem0,size=512M,merge=off",
      "-kernel",
      "/guest/vmlinux",
      "-initrd",
      "/guest/initrd.img",
      "-append",
      "console=ttyS0 quiet panic=-1 reboot=t cryptomgr.notests rcupdate.rcu_expedited=1 "
      "noreplace-smp nolapic_timer agent.server_addr=serial://agent.channel.0",
      "-chardev",
      "socket,id=qmp,fd=10,server=on,wait=off",
      "-mon",
      "chardev=qmp,mode=control",
      "-chardev",
      "file,id=console,path=/state/console.log",
      "-serial",
      "chardev:console",
      "-device",
      "pci-bridge,id=nics,addr=1e,chassis_nr=1,shpc=off",
      "-device",
      "virtio-serial-pci,id=serial0,bus=nics,addr=0,max_ports=2,disable-legacy=on,"
      "vectors=0",
      "-chardev",
      "socket,id=agent,fd=11,server=on,wait=off",
      "-device",
      "virtserialport,chardev=agent,name=agent.channel.0",
  };
  const CommandLine line = line_for(config, small_spec());
  CHECK(line.argv == expected);
  REQUIRE(line.descriptors.size() == 2);
  CHECK(line.descriptors[0].parent == 3);
  CHECK(line.descriptors[0].child == 10);
  CHECK(line.descriptors[1].parent == 4);
  CHECK(line.descriptors[1].child == 11);
}

TEST_CASE("KVM gets the host CPU and a split irqchip and none of the TCG words") {
  QemuConfig config = plain_config();
  config.cpu_features = "pmu=off";
  config.machine_accelerators = "smm=off,hpet=on";
  VmSpec spec = small_spec();
  spec.boot.vcpus = 2;
  const CommandLine line = line_for(config, spec, {}, Accelerator::kKvm);
  CHECK(
      has(values_of(line, "-machine"),
          "q35,accel=kvm,kernel_irqchip=split,mem-merge=off,memory-backend=mem0,smm=off,hpet=on"));
  CHECK(has(values_of(line, "-cpu"), "host,pmu=off"));
  CHECK(has(values_of(line, "-smp"), "2"));
  CHECK(has(values_of(line, "-append"),
            "console=ttyS0 quiet panic=-1 reboot=t cryptomgr.notests rcupdate.rcu_expedited=1 "
            "agent.server_addr=serial://agent.channel.0"));
}

TEST_CASE("shared memory is a memfd and huge pages stay private unless shared") {
  const QemuConfig config = plain_config();
  VmSpec spec = small_spec();
  spec.shared_memory = true;
  CHECK(has(values_of(line_for(config, spec), "-object"),
            "memory-backend-memfd,id=mem0,size=512M,merge=off,share=on"));
  spec.hugepages = true;
  CHECK(has(values_of(line_for(config, spec), "-object"),
            "memory-backend-memfd,id=mem0,size=512M,merge=off,share=on,hugetlb=on"));
  spec.shared_memory = false;
  CHECK(has(values_of(line_for(config, spec), "-object"),
            "memory-backend-memfd,id=mem0,size=512M,merge=off,share=off,hugetlb=on"));
}

TEST_CASE("memory is mergeable only when that is asked for") {
  const QemuConfig config = plain_config();
  VmSpec spec = small_spec();
  spec.mergeable_memory = true;
  const CommandLine line = line_for(config, spec);
  CHECK(has(values_of(line, "-machine"), "q35,accel=tcg,mem-merge=on,memory-backend=mem0"));
  CHECK(has(values_of(line, "-object"), "memory-backend-ram,id=mem0,size=512M,merge=on"));
}

TEST_CASE("a limit of translated code is one of the emulator alone") {
  QemuConfig config = plain_config();
  config.tcg_tb_size = 16;
  const CommandLine emulated = line_for(config, small_spec());
  CHECK(has(values_of(emulated, "-machine"), "q35,mem-merge=off,memory-backend=mem0"));
  CHECK(has(values_of(emulated, "-accel"), "tcg,tb-size=16"));
  const CommandLine kvm = line_for(config, small_spec(), {}, Accelerator::kKvm);
  CHECK(values_of(kvm, "-accel").empty());
}

TEST_CASE("a comma in a path is doubled so that it cannot become an option") {
  const QemuConfig config = plain_config();
  const VmSpec spec = small_spec();
  std::vector<Device> devices;
  devices.emplace_back(BlockDevice{"disk", "/a,readonly=off", true});
  const CommandLine line = line_for(config, spec, devices);
  CHECK(has(values_of(line, "-drive"),
            "if=none,id=drive-disk,file=/a,,readonly=off,format=raw,readonly=on"));
  CHECK(has(values_of(line, "-device"), "virtio-blk-pci,id=disk,drive=drive-disk,serial=disk"));
}

TEST_CASE("a virtiofs device is a vhost-user chardev and its queue size") {
  const QemuConfig config = plain_config();
  VmSpec spec = small_spec();
  spec.shared_memory = true;
  std::vector<Device> devices;
  devices.emplace_back(VhostUserFs{"fs0", "/run/fs.sock", "kataShared", 512});
  const CommandLine line = line_for(config, spec, devices);
  CHECK(has(values_of(line, "-chardev"), "socket,id=char-fs0,path=/run/fs.sock"));
  CHECK(has(values_of(line, "-device"),
            "vhost-user-fs-pci,id=fs0,chardev=char-fs0,tag=kataShared,queue-size=512"));
}

TEST_CASE("a 9p share says read-only only when it is") {
  const QemuConfig config = plain_config();
  const VmSpec spec = small_spec();
  std::vector<Device> devices;
  devices.emplace_back(Plan9Share{"p9", "/data", "kataShared", true});
  const CommandLine line = line_for(config, spec, devices);
  CHECK(has(values_of(line, "-fsdev"),
            "local,id=fs-p9,path=/data,security_model=passthrough,multidevs=remap,readonly=on"));
  CHECK(has(values_of(line, "-device"), "virtio-9p-pci,id=p9,fsdev=fs-p9,mount_tag=kataShared"));
}

TEST_CASE("the queues of a tap travel as descriptors and more than one asks for multiqueue") {
  const QemuConfig config = plain_config();
  const VmSpec spec = small_spec();
  std::vector<Device> devices;
  TapDevice one{"eth0", "tap0", "02:00:00:00:00:01", {}};
  one.queues.emplace_back(::dup(0));
  TapDevice two{"eth1", "tap1", "02:00:00:00:00:02", {}};
  two.queues.emplace_back(::dup(0));
  two.queues.emplace_back(::dup(0));
  devices.emplace_back(std::move(one));
  devices.emplace_back(std::move(two));
  const CommandLine line = line_for(config, spec, devices);
  CHECK(values_of(line, "-netdev") == Words{"tap,id=net-eth0,fd=12", "tap,id=net-eth1,fds=13:14"});
  CHECK(has(values_of(line, "-device"),
            "virtio-net-pci,id=eth0,netdev=net-eth0,mac=02:00:00:00:00:01,romfile=,disable-legacy="
            "on,bus=nics,addr=1"));
  CHECK(has(values_of(line, "-device"),
            "virtio-net-pci,id=eth1,netdev=net-eth1,mac=02:00:00:00:00:02,romfile=,disable-legacy="
            "on,bus=nics,"
            "addr=2,mq=on,vectors=6"));
  CHECK(line.descriptors.size() == 5);
}

TEST_CASE("vsock replaces the serial port, and firmware QEMU's own") {
  const QemuConfig config = plain_config();
  const VmSpec spec = small_spec();
  Launch launch{.config = config, .spec = spec};
  launch.agent = VsockPort{77, 9};
  launch.firmware = "/fw.bin";
  const CommandLine line = make_command_line(launch);
  CHECK(values_of(line, "-bios") == Words{"/fw.bin"});
  CHECK(values_of(line, "-device") ==
        Words{"pci-bridge,id=nics,addr=1e,chassis_nr=1,shpc=off",
              "vhost-vsock-pci,id=vsock0,bus=nics,addr=0,vhostfd=11,guest-cid=77"});
  CHECK(line.descriptors.at(1).parent == 9);
}

TEST_CASE("sandbox and entropy appear only when configured") {
  QemuConfig config = plain_config();
  const VmSpec spec = small_spec();
  CHECK(values_of(line_for(config, spec), "-sandbox").empty());
  config.seccompsandbox = "on,spawn=deny";
  config.entropy_source = "/dev/urandom";
  const CommandLine line = line_for(config, spec);
  CHECK(values_of(line, "-sandbox") == Words{"on,spawn=deny"});
  CHECK(has(values_of(line, "-object"), "rng-random,id=rng0,filename=/dev/urandom"));
}

TEST_CASE("the operator's kernel parameters come last and the TSC rate only when known") {
  VmSpec spec = small_spec();
  spec.kernel_params = "agent.log=debug panic=0";
  CHECK(kernel_command_line(spec, Accelerator::kTcg, 2'000'123, AgentTransport::kVsock) ==
        "console=ttyS0 quiet panic=-1 reboot=t cryptomgr.notests rcupdate.rcu_expedited=1 "
        "noreplace-smp nolapic_timer "
        "tsc_early_khz=2000123 "
        "agent.log=debug panic=0");
  CHECK(kernel_command_line(spec, Accelerator::kKvm, 0, AgentTransport::kSerial) ==
        "console=ttyS0 quiet panic=-1 reboot=t cryptomgr.notests rcupdate.rcu_expedited=1 "
        "noreplace-smp agent.server_addr=serial://agent.channel.0 agent.log=debug "
        "panic=0");
}

TEST_CASE("a debug console is one port more on the agent's device") {
  const QemuConfig config = plain_config();
  const VmSpec spec = small_spec();
  Launch launch{.config = config, .spec = spec};
  launch.monitor_socket = 3;
  launch.agent = SerialPort{4, 5};
  const CommandLine line = make_command_line(launch);
  CHECK(has(values_of(line, "-device"),
            "virtio-serial-pci,id=serial0,bus=nics,addr=0,max_ports=3,disable-legacy=on,"
            "vectors=0"));
  CHECK(has(values_of(line, "-chardev"), "socket,id=debug-console,fd=12,server=on,wait=off"));
  CHECK(
      has(values_of(line, "-device"), "virtserialport,chardev=debug-console,name=debug.console.0"));
  REQUIRE(line.descriptors.size() == 3);
  CHECK(line.descriptors[2].parent == 5);
}
