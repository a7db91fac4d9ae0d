// SPDX-License-Identifier: Apache-2.0
//
// A hypervisor before there is a VM: order and arguments.
#include "programs/kata-plugin-check/vm_stage.h"

namespace kata::check {

namespace {

using Hypervisors = std::unique_ptr<Hypervisor>;

Outcome no_address_yet(const Workplace& workplace) {
  const Hypervisors hypervisor = KATA_TRY(workplace.subject.hypervisor(workplace.context()), "");
  return expect_code(hypervisor->agent_address(), {ErrorCode::kFailedPrecondition},
                     "agent_address before create_vm");
}

Outcome no_start_yet(const Workplace& workplace) {
  const Hypervisors hypervisor = KATA_TRY(workplace.subject.hypervisor(workplace.context()), "");
  return expect_code(hypervisor->start_vm(in(std::chrono::seconds(5))),
                     {ErrorCode::kFailedPrecondition}, "start_vm before create_vm");
}

Outcome nothing_to_stop(const Workplace& workplace) {
  const Hypervisors hypervisor = KATA_TRY(workplace.subject.hypervisor(workplace.context()), "");
  KATA_TRY(hypervisor->stop_vm(in(std::chrono::seconds(5))), "stop_vm of nothing");
  KATA_TRY(hypervisor->stop_vm(passed()), "stop_vm of nothing again");
  return {};
}

Outcome stop_before_start(const Workplace& workplace) {
  const Hypervisors hypervisor = KATA_TRY(created_vm(workplace), "");
  return hypervisor->stop_vm(in(std::chrono::seconds(5)));
}

Outcome refused(const Workplace& workplace, VmSpec spec, const char* what,
                std::initializer_list<ErrorCode> codes = {ErrorCode::kInvalidArgument}) {
  const Hypervisors hypervisor = KATA_TRY(workplace.subject.hypervisor(workplace.context()), "");
  KATA_TRY(expect_code(hypervisor->create_vm(std::move(spec), {}), codes,
                       concat("create_vm with ", what)),
           "");
  return hypervisor->stop_vm(passed());
}

Outcome two_roots(const Workplace& workplace) {
  VmSpec spec = vm_spec(workplace);
  if (spec.initrd.empty()) spec.initrd = spec.image;
  spec.image = spec.initrd;
  if (spec.image.empty()) spec.image = spec.initrd = "/dev/null";
  return refused(
      workplace, std::move(spec), "an initrd and an image",
      {ErrorCode::kInvalidArgument, ErrorCode::kUnsupported});  // one that boots one kind
}

Outcome no_cpu(const Workplace& workplace) {
  VmSpec spec = vm_spec(workplace);
  spec.boot.vcpus = 0;
  return refused(workplace, std::move(spec), "no vCPU");
}

Outcome shared_and_mergeable(const Workplace& workplace) {
  VmSpec spec = vm_spec(workplace);
  spec.shared_memory = spec.mergeable_memory = true;
  return refused(workplace, std::move(spec), "memory that is shared and mergeable");
}

Outcome constant_capabilities(const Workplace& workplace) {
  const Hypervisors hypervisor = KATA_TRY(workplace.subject.hypervisor(workplace.context()), "");
  const auto words = [](const HypervisorCapabilities& it) {
    return std::vector<bool>{it.block_hotplug, it.net_hotplug,      it.vhost_user_fs,
                             it.plan9,         it.mergeable_memory, it.host_files};
  };
  const auto before = words(hypervisor->capabilities());
  KATA_TRY(hypervisor->create_vm(vm_spec(workplace), {}), "create_vm");
  const bool same = words(hypervisor->capabilities()) == before;
  KATA_TRY(hypervisor->stop_vm(passed()), "stop_vm");
  return expect(same, "create_vm changed what capabilities() says");
}

constexpr Case kCases[] = {
    {"agent_address before create_vm is kFailedPrecondition", no_address_yet},
    {"start_vm before create_vm is kFailedPrecondition", no_start_yet},
    {"stop_vm of nothing is no error", nothing_to_stop},
    {"stop_vm before start_vm leaves nothing", stop_before_start},
    {"a guest with an initrd and an image is refused", two_roots},
    {"a guest without a vCPU is kInvalidArgument", no_cpu},
    {"memory that is shared and mergeable is kInvalidArgument", shared_and_mergeable},
    {"capabilities never change", constant_capabilities},
};

}  // namespace

Suite hypervisor_suite() { return {"hypervisor", kCases}; }

}  // namespace kata::check
