// SPDX-License-Identifier: Apache-2.0
//
// A VM from start to end, and the ways that it ends.
#include <signal.h>

#include <future>

#include "kata/plugin/draft/hypervisor_resize.h"
#include "kata/plugin/extension.h"
#include "kata/plugin/hypervisor_pause.h"
#include "programs/kata-plugin-check/vm_stage.h"

namespace kata::check {

namespace {

using std::chrono::seconds;
using Hypervisors = std::unique_ptr<Hypervisor>;

constexpr seconds kPatience{10};
constexpr std::chrono::milliseconds kSettlingTime{700};

Result<pid_t> vmm_of(const Hypervisor& hypervisor) {
  const VmProcesses processes = KATA_TRY(hypervisor.processes(), "processes");
  KATA_TRY(expect(processes.vmm_pid > 0 && is_running(processes.vmm_pid),
                  concat("processes() names process ", processes.vmm_pid, ", which does not run")),
           "");
  return processes.vmm_pid;
}

std::future<Result<VmExit>> wait_beside(Hypervisor& hypervisor) {
  return std::async(std::launch::async, [&hypervisor] { return hypervisor.wait_vm(); });
}

Result<VmExit> exit_of(std::future<Result<VmExit>>& waiting) {
  if (waiting.wait_for(kPatience) == std::future_status::ready) return waiting.get();
  // The waiter would keep the process from ending by itself.
  return make_error(ErrorCode::kTimeout, "wait_vm did not return within 10 s of the VMM's end");
}

Outcome life(const Workplace& workplace) {
  const Hypervisors hypervisor = KATA_TRY(started_vm(workplace), "");
  const pid_t vmm = KATA_TRY(vmm_of(*hypervisor), "");
  KATA_TRY(hypervisor->agent_address(), "agent_address");
  KATA_TRY(hypervisor->console_tail(5), "console_tail");
  KATA_TRY(hypervisor->stop_vm(in(seconds(2))), "stop_vm");
  KATA_TRY(expect(!is_running(vmm), concat("VMM process ", vmm, " runs after stop_vm")), "");
  return hypervisor->stop_vm(passed());
}

// A VMM that refuses its command line ends soon after it was started.
Outcome stays_up(const Workplace& workplace) {
  const Hypervisors hypervisor = KATA_TRY(started_vm(workplace), "");
  auto waiting = wait_beside(*hypervisor);
  const bool stayed = waiting.wait_for(kSettlingTime) == std::future_status::timeout;
  KATA_TRY(hypervisor->stop_vm(passed()), "stop_vm");
  const VmExit exit = KATA_TRY(exit_of(waiting), "");
  return expect(stayed, concat("the VM ended by itself: ", exit.reason));
}

Outcome stop_at_once(const Workplace& workplace) {
  const Hypervisors hypervisor = KATA_TRY(started_vm(workplace), "");
  const pid_t vmm = KATA_TRY(vmm_of(*hypervisor), "");
  const auto began = std::chrono::steady_clock::now();
  KATA_TRY(hypervisor->stop_vm(passed()), "stop_vm with a deadline that has passed");
  const auto took = std::chrono::steady_clock::now() - began;
  KATA_TRY(expect(took < seconds(5), "stop_vm took more than 5 s past its deadline"), "");
  return expect(!is_running(vmm), concat("VMM process ", vmm, " runs after stop_vm"));
}

Outcome wait_hears_stop(const Workplace& workplace) {
  const Hypervisors hypervisor = KATA_TRY(started_vm(workplace), "");
  auto waiting = wait_beside(*hypervisor);
  KATA_TRY(hypervisor->stop_vm(in(seconds(2))), "stop_vm");
  const VmExit exit = KATA_TRY(exit_of(waiting), "");
  return expect(exit.requested, "wait_vm says that nobody asked for the end that stop_vm made");
}

Outcome wait_hears_death(const Workplace& workplace) {
  const Hypervisors hypervisor = KATA_TRY(started_vm(workplace), "");
  const pid_t vmm = KATA_TRY(vmm_of(*hypervisor), "");
  auto waiting = wait_beside(*hypervisor);
  ::kill(vmm, SIGKILL);
  const VmExit exit = KATA_TRY(exit_of(waiting), "");
  KATA_TRY(expect(!exit.requested, "wait_vm says that the killed VMM was told to stop"), "");
  KATA_TRY(expect(exit.status == 128 + SIGKILL,
                  concat("wait_vm says status ", exit.status, " of a VMM killed by signal 9")),
           "");
  KATA_TRY(expect(!exit.reason.empty() && exit.reason.find('\n') == std::string::npos,
                  "VmExit::reason is not one line"),
           "");
  return hypervisor->stop_vm(passed());
}

Outcome start_in_no_time(const Workplace& workplace) {
  const Hypervisors hypervisor = KATA_TRY(created_vm(workplace), "");
  const auto began = std::chrono::steady_clock::now();
  auto started = hypervisor->start_vm(passed());
  KATA_TRY(expect(std::chrono::steady_clock::now() - began < seconds(5),
                  "start_vm took more than 5 s past its deadline"),
           "");
  if (!started.ok())
    KATA_TRY(expect_code(started, {ErrorCode::kTimeout}, "start_vm with no time"), "");
  return hypervisor->stop_vm(passed());
}

// The host process was killed; another one cleans up.
Outcome stop_from_saved_state(const Workplace& workplace) {
  const Hypervisors first = KATA_TRY(started_vm(workplace), "");
  const pid_t vmm = KATA_TRY(vmm_of(*first), "");
  const std::string saved = KATA_TRY(first->save_state(), "save_state");
  const Hypervisors second = KATA_TRY(workplace.subject.hypervisor(workplace.context(saved)), "");
  KATA_TRY(second->stop_vm(in(seconds(2))), "stop_vm of the second instance");
  KATA_TRY(expect(!is_running(vmm), concat("VMM process ", vmm, " runs after stop_vm")), "");
  return first->stop_vm(passed());
}

HypervisorPause& pause_of(Hypervisor& hypervisor) {
  return *extension_of<HypervisorPause>(hypervisor);  // no_pause has asked
}

Outcome pause_again(const Workplace& workplace) {
  const Hypervisors hypervisor = KATA_TRY(started_vm(workplace), "");
  HypervisorPause& pause = pause_of(*hypervisor);
  for (int time = 0; time < 2; ++time) KATA_TRY(pause.pause_vm(in(kPatience)), "pause_vm");
  for (int time = 0; time < 2; ++time) KATA_TRY(pause.resume_vm(in(kPatience)), "resume_vm");
  return hypervisor->stop_vm(passed());
}

Outcome pause_of_nothing(const Workplace& workplace) {
  const Hypervisors hypervisor = KATA_TRY(created_vm(workplace), "");
  HypervisorPause& pause = pause_of(*hypervisor);
  constexpr auto kEarly = ErrorCode::kFailedPrecondition;
  KATA_TRY(expect_code(pause.pause_vm(in(kPatience)), {kEarly}, "pause_vm before start_vm"), "");
  KATA_TRY(expect_code(pause.resume_vm(in(kPatience)), {kEarly}, "resume_vm before start_vm"), "");
  return hypervisor->stop_vm(passed());
}

Outcome stop_paused(const Workplace& workplace) {
  const Hypervisors hypervisor = KATA_TRY(started_vm(workplace), "");
  const pid_t vmm = KATA_TRY(vmm_of(*hypervisor), "");
  KATA_TRY(pause_of(*hypervisor).pause_vm(in(kPatience)), "pause_vm");
  KATA_TRY(hypervisor->stop_vm(in(seconds(1))), "stop_vm");
  return expect(!is_running(vmm), concat("VMM process ", vmm, " runs after stop_vm"));
}

template <class Extension>
const char* without(const Workplace& workplace, const char* reason) {
  const auto hypervisor = workplace.subject.hypervisor(workplace.context());
  const bool lacks = hypervisor.ok() && extension_of<Extension>(*hypervisor.value()) == nullptr;
  return lacks ? reason : nullptr;
}
const char* no_pause(const Workplace& workplace) {
  return without<HypervisorPause>(workplace, "the plugin does not offer kata.hypervisor.pause/1");
}
const char* no_resize(const Workplace& workplace) {
  return without<HypervisorResize>(workplace, "the plugin does not offer to resize a VM");
}

Outcome bad_attach(const Workplace& workplace) {
  const Hypervisors hypervisor = KATA_TRY(started_vm(workplace), "");
  const pid_t vmm = KATA_TRY(vmm_of(*hypervisor), "");
  const BlockDevice disk{"disk0", workplace.directory / "no-such-disk", true};
  KATA_TRY(expect(!hypervisor->attach(disk, in(kPatience)).ok(),
                  "attach of a disk that does not exist succeeded"),
           "");
  KATA_TRY(expect(is_running(vmm), "the VMM ended by an attach that failed"), "");
  return hypervisor->stop_vm(passed());
}

Outcome unknown_device(const Workplace& workplace) {
  const Hypervisors hypervisor = KATA_TRY(started_vm(workplace), "");
  KATA_TRY(expect_code(hypervisor->detach("nobody", in(kPatience)), {ErrorCode::kNotFound},
                       "detach of an unknown device"),
           "");
  return hypervisor->stop_vm(passed());
}

Outcome resize_to_the_same(const Workplace& workplace) {
  const Hypervisors hypervisor = KATA_TRY(started_vm(workplace), "");
  const VmResources now = vm_spec(workplace).boot;
  auto& size = *extension_of<HypervisorResize>(*hypervisor);  // no_resize has asked
  KATA_TRY(size.resize(now, in(kPatience)), "resize to what it has");
  return hypervisor->stop_vm(passed());
}

constexpr Case kCases[] = {
    {"a VM starts and names its process and its agent and stops", life},
    {"a VM does not end by itself", stays_up},
    {"stop_vm kills at once when its deadline has passed", stop_at_once},
    {"wait_vm tells of an end that was asked for", wait_hears_stop},
    {"wait_vm tells of a VMM that was killed", wait_hears_death},
    {"start_vm keeps a deadline that has passed", start_in_no_time},
    {"an instance over a saved state stops the VM", stop_from_saved_state},
    {"a VM is paused and resumed and so again", pause_again, no_pause},
    {"pause_vm and resume_vm before start_vm are kFailedPrecondition", pause_of_nothing, no_pause},
    {"a paused VM can be stopped", stop_paused, no_pause},
    {"an attach that fails leaves the VM as it was", bad_attach},
    {"detach of an unknown device is kNotFound", unknown_device},
    {"a VM is resized to what it has", resize_to_the_same, no_resize},
};

}  // namespace

Suite vm_life_suite() { return {"vm-life", kCases}; }

}  // namespace kata::check
