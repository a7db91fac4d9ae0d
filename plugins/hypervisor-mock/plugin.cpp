// SPDX-License-Identifier: Apache-2.0
#include "kata/plugin/export.h"
#include "mock_hypervisor.h"

namespace {

constexpr kata::plugin::ConfigField kConfig[] = {
    {"unsafe_no_vm", "boolean", "false",
     "Allow containers without a virtual machine around them: for tests and experiments only."},
    {"path", "path", "\"" KATA_LIBEXEC "/kata-mock-vm\"", "The program that stands for the VMM."},
    {"agent", "path", "\"" KATA_LIBEXEC "/kata-agent\"",
     "The guest's agent, which runs as a process of the host."},
};

}  // namespace

KATA_PLUGIN(Hypervisor, kata::mock::MockHypervisor, "mock", "0.1.0", "kata", "Apache-2.0",
            "UNSAFE: runs the agent in namespaces of the host instead of a virtual machine",
            kConfig);
