// SPDX-License-Identifier: Apache-2.0
#include "kata/plugin/export.h"
#include "qemu_hypervisor.h"

namespace {

constexpr kata::plugin::ConfigField kConfig[] = {
    {"path", "path", R"("/usr/bin/qemu-system-x86_64")", "QEMU's program, version 5 or newer."},
    {"machine_type", "string", R"("q35")", "Machine of the VM: q35 or pc."},
    {"machine_accelerators", "string", R"("")",
     "Appended to QEMU's -machine, as key=value,key=value."},
    {"cpu_features", "string", R"("pmu=off")",
     "Appended to QEMU's -cpu, as feature=on,feature=off."},
    {"accelerator", "string", R"("auto")",
     "How the guest's instructions run: kvm, tcg (emulated), or auto: kvm where it works."},
    {"tcg_tb_size", "integer", "0",
     "MiB that QEMU keeps of translated code under tcg, 4 to 2048; 0: as QEMU chooses."},
    {"agent_transport", "string", R"("auto")",
     "How the agent is reached: vsock, serial, or auto: vsock where the host has vhost-vsock."},
    {"seccompsandbox", "string",
     R"("on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny")",
     "QEMU's -sandbox, which confines QEMU by seccomp; empty turns it off."},
    {"firmware", "path", R"("")",
     "Firmware image for QEMU's -bios; empty: qboot beside QEMU under TCG, else QEMU's own."},
    {"entropy_source", "path", R"("")",
     "Host device behind a virtio-rng device, such as /dev/urandom; empty: no such device."},
    {"disable_vhost_net", "boolean", "false",
     "Handle network packets in QEMU although the host has vhost-net."},
};

}  // namespace

KATA_PLUGIN(Hypervisor, kata::qemu::QemuHypervisor, "qemu", "0.1.0", "Kata", "Apache-2.0",
            "Runs each sandbox in a QEMU virtual machine, by KVM or emulated", kConfig);
