// SPDX-License-Identifier: Apache-2.0
#include "qemu_hypervisor.h"

#include <unistd.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "console_log.h"
#include "firmware.h"
#include "kata/concat.h"
#include "kata/unix_socket.h"
#include "vm_exit.h"
#include "vm_spec_check.h"
#include "vmm_end.h"

namespace kata::qemu {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using vmm::read_tail;
using vmm::VmmProcess;

constexpr char kMonitorSocket[] = "qmp.sock";
constexpr char kAgentSocket[] = "agent.sock";
constexpr char kDebugConsoleSocket[] = "debug-console.sock";
constexpr char kConsoleLog[] = "console.log";
constexpr char kQemuLog[] = "qemu.log";

constexpr seconds kCommandTime{5};           // for a monitor command without a deadline of its own
constexpr milliseconds kLastWordsTime{500};  // between the exit status and the monitor's end
constexpr std::uint32_t kTailLines = 20;     // of the console, searched for a panic
constexpr std::uint32_t kStderrLines = 5;
constexpr std::uint32_t kOldestMajor = 5;

Error precondition(std::string message) {
  return make_error(ErrorCode::kFailedPrecondition, std::move(message));
}

Deadline in(steady_clock::duration time) { return steady_clock::now() + time; }

Result<NicSlots> slots_for(const std::vector<Device>& devices) {
  NicSlots slots;
  for (const Device& device : devices)
    if (const auto* const tap = std::get_if<TapDevice>(&device)) KATA_TRY(slots.take(tap->id), "");
  return slots;
}

}  // namespace

Result<std::unique_ptr<QemuHypervisor>> QemuHypervisor::create(const plugin::Context& context) {
  QemuConfig config = KATA_TRY(parse_config(context.config_json), "");
  std::unique_ptr<QemuHypervisor> made(new QemuHypervisor(context, std::move(config)));
  if (!context.saved_state.empty()) KATA_TRY(made->restore(context.saved_state), "");
  return made;
}

QemuHypervisor::QemuHypervisor(const plugin::Context& context, QemuConfig config)
    : host_(context.host),
      config_(std::move(config)),
      state_dir_(context.state_dir),
      console_(file(kConsoleLog)) {}

QemuHypervisor::~QemuHypervisor() = default;

Result<void> QemuHypervisor::restore(std::string_view saved_state) {
  const SavedState state = KATA_TRY(parse_saved_state(saved_state), "");
  guest_cid_ = state.guest_cid;
  nics_ = state.nics;
  spec_.emplace();
  if (state.pid == 0) return {};
  auto process = ChildProcess::adopt(state.pid, state.start_time);
  if (process.ok()) process_ = std::make_shared<VmmProcess>(process.take());
  return {};
}

HypervisorCapabilities QemuHypervisor::capabilities() const {
  HypervisorCapabilities can;
  can.vhost_user_fs = can.plan9 = can.mergeable_memory = can.net_hotplug = true;
  return can;
}

// The version is checked in start_vm, where QEMU tells it for nothing; to run QEMU for its
// --version alone would take 40 ms of each bring-up.
Result<void> QemuHypervisor::check_host() {
  KATA_TRY(vmm::check_program(kQemu, config_.path), "");
  const HostFacts facts = read_host_facts();
  KATA_TRY(choose_accelerator(config_.accelerator, facts), "");
  KATA_TRY(choose_transport(config_.agent_transport, facts), "");
  return {};
}

Result<void> QemuHypervisor::create_vm(VmSpec spec, std::vector<Device> devices) {
  if (spec_) return precondition("the VM exists already");
  KATA_TRY(check_spec(config_, spec), "");
  KATA_TRY(check_devices(devices, spec.shared_memory), "");
  const HostFacts facts = read_host_facts();
  const auto accelerator = KATA_TRY(choose_accelerator(config_.accelerator, facts), "");
  const auto transport = KATA_TRY(choose_transport(config_.agent_transport, facts), "");
  const bool kvm = accelerator.accelerator == Accelerator::kKvm;
  const bool vsock = transport.transport == AgentTransport::kVsock;
  log(plugin::Host::Level::kInfo,
      concat("accelerator ", kvm ? "kvm" : "tcg", ": ", accelerator.reason));
  log(plugin::Host::Level::kInfo,
      concat("agent transport ", vsock ? "vsock" : "serial", ": ", transport.reason));
  if (vsock) {
    GuestCid reserved = KATA_TRY(reserve_guest_cid(), "");
    guest_cid_ = reserved.cid;
    vhost_vsock_ = std::move(reserved.vhost);
  }
  accelerator_ = accelerator.accelerator;
  tsc_is_steady_ =
      has_cpu_flag(facts.cpu_flags, "constant_tsc") && has_cpu_flag(facts.cpu_flags, "nonstop_tsc");
  vhost_net_ = kvm && !config_.disable_vhost_net && facts.vhost_net_errno == 0;
  nics_ = KATA_TRY(slots_for(devices), "");
  spec_ = std::move(spec);
  devices_ = std::move(devices);
  return {};
}

Result<void> QemuHypervisor::start_vm(Deadline deadline) {
  if (!spec_ || spec_->id.empty()) return precondition("start_vm needs create_vm first");
  if (process_) return precondition("the VM was started already");
  auto running = launch(deadline);
  if (running.ok()) running = wait_until_running(deadline);
  if (!running.ok()) return start_failure(std::move(running).error());
  devices_.clear();  // QEMU has its own copies of the descriptors
  vhost_vsock_.reset();
  return {};
}

Result<QemuHypervisor::Sockets> QemuHypervisor::listen() const {
  ::unlink(file(kMonitorSocket).c_str());
  ::unlink(file(kAgentSocket).c_str());
  ::unlink(file(kDebugConsoleSocket).c_str());
  Sockets sockets;
  sockets.monitor = KATA_TRY(listen_unix(file(kMonitorSocket)), "");
  if (guest_cid_ != 0) return sockets;
  sockets.agent = KATA_TRY(listen_unix(file(kAgentSocket)), "");
  if (debug_console_) sockets.debug_console = KATA_TRY(listen_unix(file(kDebugConsoleSocket)), "");
  return sockets;
}

Result<CommandLine> QemuHypervisor::command_line(const Sockets& sockets) const {
  Launch launch{.config = config_, .spec = *spec_, .devices = devices_, .nics = nics_};
  launch.accelerator = accelerator_;
  if (accelerator_ == Accelerator::kTcg && tsc_is_steady_)
    launch.tsc_khz = measure_tsc_khz(created_);
  launch.vhost_net = vhost_net_;
  launch.firmware = choose_firmware(config_, accelerator_);
  launch.console_log = file(kConsoleLog);
  launch.monitor_socket = sockets.monitor.get();
  if (guest_cid_ != 0)
    launch.agent = VsockPort{guest_cid_, vhost_vsock_.get()};
  else
    launch.agent = SerialPort{sockets.agent.get(), sockets.debug_console.get()};
  return make_command_line(launch);
}

Result<void> QemuHypervisor::launch(Deadline deadline) {
  if (steady_clock::now() >= deadline)
    return make_error(ErrorCode::kTimeout, "start QEMU: the deadline passed already");
  const Sockets sockets = KATA_TRY(listen(), "");
  CommandLine line = KATA_TRY(command_line(sockets), "");
  // Before QEMU runs: once it is gone, and our own ends with `sockets`, this connection ends too.
  monitor_ = std::make_unique<QmpClient>(
      KATA_TRY(QmpClient::connect(file(kMonitorSocket)), "reach QEMU's monitor"));
  SpawnRequest request;
  request.argv = std::move(line.argv);
  request.descriptors = std::move(line.descriptors);
  request.netns = spec_->netns;
  process_ = std::make_shared<VmmProcess>(
      KATA_TRY(VmmProcess::start(std::move(request), file(kQemuLog)), ""));
  return {};
}

Result<void> QemuHypervisor::wait_until_running(Deadline deadline) {
  const QmpGreeting greeting = KATA_TRY(monitor_->negotiate(deadline), "");
  if (greeting.major < kOldestMajor)
    return make_error(
        ErrorCode::kUnsupported,
        concat("version ", greeting.major, ".", greeting.minor, " is older than ", kOldestMajor,
               ".0: install a newer qemu-system-x86 or correct ", "hypervisor.qemu.path"));
  for (;;) {
    const std::string reply = KATA_TRY(monitor_->execute("query-status", deadline), "");
    const auto status = nlohmann::json::parse(reply, nullptr, false);
    const std::string state = status.is_object() ? status.value("status", "") : "";
    if (state == "running") return {};
    if (state != "prelaunch" && state != "inmigrate")
      return make_error(ErrorCode::kInternal, concat("the VM is '", state, "', not running"));
  }
}

// Undoes launch, and says what QEMU said.
Error QemuHypervisor::start_failure(Error error) {
  if (process_) {
    vmm::FailedStart start;
    start.program = concat("QEMU '", config_.path, "'");
    start.before = "before it answered on its monitor socket";
    start.guess = "is hypervisor.qemu.path a QEMU?";
    start.log = file(kQemuLog);
    error = vmm::end_failed_start(*process_, std::move(error), start);
  }
  process_.reset();
  monitor_.reset();
  remove_files();
  return error;
}

Result<void> QemuHypervisor::stop_vm(Deadline deadline) {
  // An instance made from a saved state has no monitor.
  const auto quit = [this](Deadline answer) {
    const std::lock_guard lock(monitor_mutex_);
    return monitor_ && monitor_->execute("quit", answer).ok();
  };
  if (process_) KATA_TRY(vmm::end_on_request(*process_, deadline, stop_requested_, quit), "");
  vhost_vsock_.reset();
  devices_.clear();
  remove_files();
  return {};
}

Result<VmExit> QemuHypervisor::wait_vm() {
  const std::shared_ptr<VmmProcess> process = process_;
  if (!process) return precondition("wait_vm: the VM does not run");
  const ExitStatus status =
      KATA_TRY(vmm::wait_for_end(*process, {file(kConsoleLog), file(kQemuLog)}), "");
  if (stop_requested_) return VmExit{status.code, true, "stopped on request"};
  vmm::LastWords words{.vmm = kQemu.product, .status = status};
  words.stderr_tail = read_tail(file(kQemuLog), kStderrLines);
  words.console_tail = console_.tail(kTailLines);
  const std::string shutdown = shutdown_reason();
  words.rebooted = shutdown == "guest-reset";
  words.killed = shutdown == "host-signal";
  return VmExit{status.code, false, vmm::describe_exit(words)};
}

std::string QemuHypervisor::shutdown_reason() {
  const std::lock_guard lock(monitor_mutex_);
  if (!monitor_) return {};
  for (const QmpEvent& event : monitor_->take_events(in(kLastWordsTime))) {
    if (event.name != "SHUTDOWN") continue;
    const auto data = nlohmann::json::parse(event.data_json, nullptr, false);
    const auto reason = data.is_object() ? data.find("reason") : data.end();
    if (reason != data.end() && reason->is_string()) return reason->get<std::string>();
  }
  return {};
}

void* QemuHypervisor::extension(std::string_view id) noexcept {
  if (id == HypervisorPause::kId) return static_cast<HypervisorPause*>(this);
  if (id == HypervisorDebugConsole::kId) return static_cast<HypervisorDebugConsole*>(this);
  return nullptr;
}

Result<void> QemuHypervisor::pause_vm(Deadline deadline) {
  KATA_TRY(ask_monitor("stop", deadline), "pause VM");
  return {};
}

Result<void> QemuHypervisor::resume_vm(Deadline deadline) {
  KATA_TRY(ask_monitor("cont", deadline), "resume VM");
  return {};
}

Result<QmpClient*> QemuHypervisor::monitor(Deadline deadline) const {
  if (!process_) return precondition("the VM does not run");
  if (!monitor_) {
    auto client = std::make_unique<QmpClient>(
        KATA_TRY(QmpClient::connect(file(kMonitorSocket)), "reach QEMU's monitor"));
    KATA_TRY(client->negotiate(deadline), "reach QEMU's monitor");
    monitor_ = std::move(client);
  }
  return monitor_.get();
}

Result<std::string> QemuHypervisor::ask_monitor(std::string_view command, Deadline deadline) const {
  const std::lock_guard lock(monitor_mutex_);
  return KATA_TRY(monitor(deadline), "")->execute(command, deadline);
}

Result<AgentAddress> QemuHypervisor::agent_address() const {
  if (!spec_) return precondition("agent_address needs create_vm first");
  if (guest_cid_ != 0) return AgentAddress(VsockAddress{guest_cid_, kAgentVsockPort});
  return AgentAddress(SerialAddress{file(kAgentSocket)});
}

Result<void> QemuHypervisor::offer_debug_console() {
  if (spec_) return precondition("the debug console is offered before create_vm");
  debug_console_ = true;
  return {};
}

Result<AgentAddress> QemuHypervisor::debug_console_address() const {
  if (!spec_ || !debug_console_)
    return precondition("debug_console_address needs offer_debug_console and create_vm first");
  if (guest_cid_ != 0) return AgentAddress(VsockAddress{guest_cid_, kDebugConsoleVsockPort});
  return AgentAddress(SerialAddress{file(kDebugConsoleSocket)});
}

Result<VmProcesses> QemuHypervisor::processes() const {
  const std::string reply = KATA_TRY(ask_monitor("query-cpus-fast", in(kCommandTime)), "");
  VmProcesses found{.vmm_pid = process_->pid()};
  const auto cpus = nlohmann::json::parse(reply, nullptr, false);
  if (!cpus.is_array()) return make_error(ErrorCode::kInternal, "query-cpus-fast gave no list");
  for (const auto& cpu : cpus)
    if (cpu.is_object() && cpu.contains("thread-id") && cpu.at("thread-id").is_number_integer())
      found.vcpu_tids.push_back(cpu.at("thread-id").get<std::int32_t>());
  return found;
}

Result<std::string> QemuHypervisor::console_tail(std::uint32_t lines) const {
  return console_.tail(lines);
}

Result<std::string> QemuHypervisor::save_state() const {
  SavedState state{.guest_cid = guest_cid_, .nics = nics_};
  if (process_) {
    const auto start_time = process_start_time(process_->pid());
    if (start_time.ok()) state.pid = process_->pid(), state.start_time = start_time.value();
  }
  return to_json(state);
}

void QemuHypervisor::remove_files() {
  console_.remove_file();
  for (const char* name : {kMonitorSocket, kAgentSocket, kDebugConsoleSocket, kQemuLog})
    ::unlink(file(name).c_str());
}

}  // namespace kata::qemu
