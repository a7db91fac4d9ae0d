// SPDX-License-Identifier: Apache-2.0
//
// Bring-up, tear-down and the watch between them. Containers are in container.cpp.
#include "sandbox/sandbox.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include <algorithm>
#include <thread>
#include <utility>

#include "core/base/log.h"
#include "kata/child_process.h"
#include "kata/concat.h"
#include "kata/plugin/extension.h"
#include "sandbox/agent_dial.h"
#include "sandbox/composition.h"
#include "sandbox/console_words.h"
#include "sandbox/debug_console.h"
#include "sandbox/dedup_kick.h"
#include "sandbox/first_error.h"
#include "sandbox/sandbox_cgroups.h"

namespace kata::sandbox {

namespace asio = boost::asio;
using std::chrono::steady_clock;

namespace {

constexpr std::chrono::seconds kPluginStep{30}, kCleanStep{10};
constexpr std::chrono::seconds kCheckAgain{5};  // in case the guest lost the first request
constexpr std::chrono::seconds kAgentReasonGrace{1};
// A VMM fails when its file server has died; the server's own reason follows within milliseconds.
constexpr std::chrono::milliseconds kFileServerReasonGrace{400};

std::string milliseconds_since(Deadline began) {
  using std::chrono::milliseconds;
  return std::to_string(
      std::chrono::duration_cast<milliseconds>(steady_clock::now() - began).count());
}

Deadline in(std::chrono::milliseconds time) { return steady_clock::now() + time; }

}  // namespace

Sandbox::Sandbox(asio::any_io_executor loop, PluginThread& plugins, SandboxParts parts,
                 SandboxIdentity identity, config::Config config, Journal& journal)
    : loop_(loop),
      plugins_(plugins),
      parts_(std::move(parts)),
      identity_(std::move(identity)),
      config_(std::move(config)),
      journal_(journal),
      fate_(std::make_shared<Fate>(loop)),
      watchers_(loop, fate_),
      stopped_(loop) {}

Sandbox::~Sandbox() {
  if (phase_ == Phase::kNew || (phase_ == Phase::kStopped && shutdown_outcome_.ok())) return;
  // A VM or file server that could not be stopped still has a thread inside its plugin, which is
  // kept until the process ends.
  static auto& forsaken = *new std::vector<SandboxParts>;
  watchers_.forsake();
  forsaken.push_back(std::move(parts_));
}

asio::awaitable<Result<void>> Sandbox::start() {
  phase_ = Phase::kStarting;
  const auto began = steady_clock::now();
  auto up = co_await bring_up();
  if (up.ok() && fate_->sealed()) up = make_error(ErrorCode::kUnavailable, fate_->reason());
  if (up.ok()) {
    log::info("the sandbox is up", {{"sandbox", identity_.id}, {"ms", milliseconds_since(began)}});
    phase_ = Phase::kRunning;
    if (offers_memory()) kick_memory_dedup(config_);
    asio::co_spawn(loop_, watch(), asio::detached);
    asio::co_spawn(loop_, watch_agent(), asio::detached);
    asio::co_spawn(loop_, watch_health(), asio::detached);
    follow_network();
    co_return up;
  }
  phase_ = Phase::kStopping;
  shutdown_outcome_ = co_await tear_down(std::chrono::milliseconds{0});
  phase_ = Phase::kStopped;
  stopped_.set();
  co_return up;
}

// --- bring-up, top-down ---

asio::awaitable<Result<void>> Sandbox::bring_up() {
  KATA_CO_CHECK(co_await check_plugins(), "");
  KATA_CO_TRY(NetworkPlan plan, co_await attach_network(), "attach network");
  KATA_CO_TRY(StartedShare share, co_await start_filesystem(), "start shared filesystem");
  auto devices = devices_of(std::move(plan.devices), std::move(share.device));
  KATA_CO_CHECK(co_await create_vm(std::move(devices)), "create VM");
  KATA_CO_CHECK(co_await start_vm(), "start VM");
  KATA_CO_CHECK(co_await reach_agent(), "");
  co_return co_await greet_agent(plan, share.guest_mount);
}

// One step on the plugin thread. Once done it must be undone, even if writing it down fails.
template <class Plugin, class Perform>
auto Sandbox::step(Step done, const char* interface_name, Plugin& plugin, Perform perform) {
  auto work = [this, done, interface_name, &plugin,
               perform = std::move(perform)]() mutable -> std::invoke_result_t<Perform&> {
    auto outcome = perform();
    if (!outcome.ok()) return outcome;
    reached_ = done;
    KATA_TRY(journal_.write_plugin_state(interface_name, plugin.save_state()), "write down");
    return outcome;
  };
  return plugins_.run(std::move(work));
}

asio::awaitable<Result<void>> Sandbox::check_plugins() {
  const auto needs = parts_.filesystem->needs();
  const auto capabilities = parts_.hypervisor->capabilities();
  KATA_CO_TRY(const auto warnings, check_composition(config_, capabilities, needs), "");
  for (const std::string& warning : warnings) log::warn(warning);
  auto check = [this]() -> Result<void> {
    KATA_TRY(parts_.network->check_host(), "check the host for the network");
    KATA_TRY(parts_.filesystem->check_host(), "check the host for the shared filesystem");
    KATA_TRY(parts_.hypervisor->check_host(), "check the host for the hypervisor");
    return {};
  };
  co_return co_await plugins_.run(std::move(check));
}

asio::awaitable<Result<NetworkPlan>> Sandbox::attach_network() {
  auto attach = [this] {
    return parts_.network->attach(NetworkSpec{identity_.netns, config_.vm.default_vcpus});
  };
  co_return co_await step(Step::kNetwork, "network", *parts_.network, std::move(attach));
}

asio::awaitable<Result<StartedShare>> Sandbox::start_filesystem() {
  auto start = [this] {
    file_server_ = extension_of<SharedFilesystemServer>(*parts_.filesystem);
    return parts_.filesystem->start(in(kPluginStep));
  };
  auto started =
      co_await step(Step::kFilesystem, "shared_filesystem", *parts_.filesystem, std::move(start));
  if (started.ok()) watchers_.watch(*parts_.filesystem);
  co_return started;
}

asio::awaitable<Result<void>> Sandbox::create_vm(std::vector<Device> devices) {
  const std::uint32_t cpus = std::max(std::thread::hardware_concurrency(), 1U);
  VmSpec spec = vm_spec(config_, identity_, parts_.filesystem->needs(), cpus);
  spec.mergeable_memory = offers_memory();
  auto create = [this, devices = std::move(devices), spec = std::move(spec)]() mutable {
    const bool console =
        config_.agent.debug_console_enabled && offer_debug_console(*parts_.hypervisor);
    auto created = parts_.hypervisor->create_vm(std::move(spec), std::move(devices));
    if (created.ok() && console) debug_console_ = debug_console_address(*parts_.hypervisor);
    return created;
  };
  co_return co_await step(Step::kVm, "hypervisor", *parts_.hypervisor, std::move(create));
}

asio::awaitable<Result<void>> Sandbox::start_vm() {
  auto start = [this]() -> Result<void> {
    KATA_TRY(parts_.hypervisor->start_vm(in(kPluginStep)), "");
    const VmProcesses processes = KATA_TRY(parts_.hypervisor->processes(), "find its process");
    vmm_pid_ = processes.vmm_pid;
    KATA_TRY(place_vmm(identity_.cgroups, processes), "place the VMM in its control group");
    const auto start_time = process_start_time(processes.vmm_pid);
    if (!start_time.ok()) return {};  // gone already: the watch says why
    return journal_.write_vmm(ProcessRef{processes.vmm_pid, start_time.value()});
  };
  auto started = co_await step(Step::kVm, "hypervisor", *parts_.hypervisor, std::move(start));
  if (started.ok())
    watchers_.watch(*parts_.hypervisor);
  else if (co_await fate_->ended_by(in(kFileServerReasonGrace)))
    co_return in_context(std::move(started).error(), fate_->reason());
  co_return started;
}

// Waits for the agent, or for whatever makes waiting pointless.
asio::awaitable<Result<void>> Sandbox::reach_agent() {
  KATA_CO_TRY(AgentAddress address,
              co_await plugins_.run([this] { return parts_.hypervisor->agent_address(); }),
              "find the agent's address");
  auto reached = co_await first_of_agent_and_fate(std::move(address));
  if (fate_->sealed())
    co_return make_error(
        ErrorCode::kUnavailable,
        concat("the guest ended before its agent answered: ", fate_->reason(), console_tail()));
  if (!reached.ok() && reached.error().code == ErrorCode::kTimeout)
    co_return make_error(
        ErrorCode::kTimeout,
        concat("the VM runs, but its agent did not answer within ", config_.agent.dial_timeout_s,
               " s ([agent.kata] dial_timeout): ", reached.error().message, console_tail()));
  if (!reached.ok())
    co_return make_error(
        reached.error().code,
        concat("reach the guest's agent: ", reached.error().message, console_tail()));
  co_return reached;
}

asio::awaitable<Result<void>> Sandbox::first_of_agent_and_fate(AgentAddress address) {
  using namespace asio::experimental::awaitable_operators;
  auto first = co_await (dial_and_check(std::move(address)) || fate_->ended());
  if (first.index() == 1) co_return make_error(ErrorCode::kUnavailable, fate_->reason());
  Result<void> reached = std::get<0>(std::move(first));
  // A VM that dies closes the agent's stream first; its own reason follows within milliseconds.
  if (!reached.ok() && reached.error().code != ErrorCode::kTimeout)
    co_await fate_->ended_by(in(kAgentReasonGrace));
  co_return reached;
}

asio::awaitable<Result<void>> Sandbox::dial_and_check(AgentAddress address) {
  const Deadline deadline = in(std::chrono::seconds(config_.agent.dial_timeout_s));
  KATA_CO_TRY(UniqueFd stream, co_await dial_agent(std::move(address), deadline), "");
  agent_ = std::make_unique<AgentClient>(ttrpc::Client(loop_, std::move(stream)));
  for (;;) {
    const auto left = deadline - steady_clock::now();
    if (left <= left.zero())
      co_return make_error(ErrorCode::kTimeout, "connected, but Health.Check has no reply");
    const auto attempt = std::min<std::chrono::nanoseconds>(left, kCheckAgain);
    auto checked = co_await agent_->check(attempt);
    if (checked.ok() || checked.error().code != ErrorCode::kTimeout) co_return checked;
  }
}

asio::awaitable<Result<void>> Sandbox::greet_agent(const NetworkPlan& plan,
                                                   const GuestMount& share) {
  KATA_CO_CHECK(co_await agent_->set_up_network(plan.guest), "");
  auto request = create_sandbox_request(identity_, share, config_.agent.kernel_modules);
  request.set_guest_hook_path(config_.vm.guest_hook_path.native());
  auto created = co_await agent_->create_sandbox(std::move(request));
  if (!created.ok() && co_await fate_->ended_by(in(kAgentReasonGrace)))
    co_return make_error(ErrorCode::kUnavailable,
                         concat("the guest ended while its agent set up the sandbox: ",
                                fate_->reason(), console_tail()));
  if (created.ok()) co_return created;
  Error error = in_context(std::move(created).error(), "ask the guest's agent");
  if (error.code == ErrorCode::kTimeout) error.message += console_tail();
  co_return error;
}

// --- tear-down, the mirror ---

asio::awaitable<Result<void>> Sandbox::shutdown(std::chrono::milliseconds patience) {
  if (phase_ == Phase::kStarting) {
    fate_->tell("told to stop while it was being brought up");
    if (agent_) agent_->close();  // which may be awaited
  }
  if (phase_ != Phase::kRunning) {
    co_await stopped_.wait();
    co_return shutdown_outcome_;
  }
  phase_ = Phase::kStopping;
  shutdown_outcome_ = co_await tear_down(patience);
  phase_ = Phase::kStopped;
  stopped_.set();
  co_return shutdown_outcome_;
}

asio::awaitable<Result<void>> Sandbox::tear_down(std::chrono::milliseconds patience) {
  FirstError first;
  const auto began = steady_clock::now();
  const Deadline deadline = in(patience);
  if (late_network_) late_network_->stop();
  const bool guest_ended = agent_ && patience.count() > 0 && (co_await end_guest(deadline)).ok();
  if (reached_ >= Step::kVm) {
    const Deadline kill_at = guest_ended ? deadline : steady_clock::now();
    auto stop = [this, kill_at] { return parts_.hypervisor->stop_vm(kill_at); };
    first.note(co_await plugins_.run(std::move(stop)), "stop VM");
  }
  if (vmm_pid_ != 0 && offers_memory()) kick_memory_dedup(config_);
  log::debug("the VM is gone", {{"ms", milliseconds_since(began)}});
  if (agent_) agent_->close();
  if (late_network_) co_await late_network_->ended();
  if (reached_ >= Step::kFilesystem) {
    auto stop = [this] { return parts_.filesystem->stop(in(kCleanStep)); };
    first.note(co_await plugins_.run(std::move(stop)), "stop shared filesystem");
  }
  if (reached_ >= Step::kNetwork) {
    auto detach = [this] { return parts_.network->detach(); };
    first.note(co_await plugins_.run(std::move(detach)), "detach network");
  }
  log::info("the sandbox is down", {{"sandbox", identity_.id}, {"ms", milliseconds_since(began)}});
  co_return first.take();
}

// Asks the agent to end everything and power off. A guest that will not is killed all the same.
asio::awaitable<Result<void>> Sandbox::end_guest(Deadline deadline) {
  if (fate_->sealed()) co_return make_error(ErrorCode::kUnavailable, fate_->reason());
  auto asked = co_await agent_->destroy_sandbox(deadline - steady_clock::now());
  if (!asked.ok()) {
    log::warn("the guest will not end by itself", {{"error", asked.error().message}});
    co_return asked;
  }
  log::debug("the agent has ended its containers");
  if (co_await fate_->vm_gone_by(deadline)) co_return asked;
  log::warn("the guest did not power off in time");
  co_return make_error(ErrorCode::kTimeout, "the guest did not power off in time");
}

// --- between the two ---

asio::awaitable<void> Sandbox::watch() {
  co_await fate_->ended();
  if (phase_ != Phase::kRunning) co_return;
  failure_ = concat(fate_->reason(), console_tail());
  log::error("the sandbox failed", {{"reason", failure_}});
  if (auto written = journal_.write_failure(failure_); !written.ok())
    log::error("cannot write the failure down", {{"error", written.error().message}});
  agent_->close();
  co_await shutdown(std::chrono::milliseconds{0});
}

asio::awaitable<void> Sandbox::watch_agent() {
  const Error why = co_await agent_->closed();
  fate_->tell_unless_vm_gone(concat("the connection to the guest's agent is lost: ", why.message));
}

// The question goes through the VMM to the guest and back, so it is one about both.
asio::awaitable<void> Sandbox::watch_health() {
  std::vector<HealthProbe> probes{{"the guest's agent", [this](Deadline deadline) {
                                     return agent_->check(deadline - steady_clock::now());
                                   }}};
  return watch_health_until_fate(std::move(probes), health_limits_, fate_);
}

bool Sandbox::offers_memory() const {
  return sandbox::offers_memory(config_, parts_.hypervisor->capabilities(),
                                parts_.filesystem->needs());
}

// What the guest printed last, unless the VM's own reason tells that already.
std::string Sandbox::console_tail() const {
  return fate_->vm_gone() ? std::string() : console_words(*parts_.hypervisor);
}

}  // namespace kata::sandbox
