// SPDX-License-Identifier: Apache-2.0
#include "qemu_hypervisor.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "console_log.h"
#include "firmware.h"
#include "kata/concat.h"
#include "kata/unix_socket.h"
#include "nic_hotplug.h"
#include "vm_exit.h"
#include "vm_spec_check.h"

namespace kata::qemu {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr char kMonitorSocket[] = "qmp.sock";
constexpr char kAgentSocket[] = "agent.sock";
constexpr char kConsoleLog[] = "console.log";
constexpr char kQemuLog[] = "qemu.log";

constexpr seconds kCommandTime{5};           // for a monitor command without a deadline of its own
constexpr seconds kKillTime{5};              // from SIGKILL to the end of the process
constexpr milliseconds kOwnEndTime{100};     // a guest that is shutting down gets this long
constexpr milliseconds kLastWordsTime{500};  // between the exit status and the monitor's end
constexpr seconds kTrimInterval{1};
constexpr std::uint32_t kTailLines = 20;  // of the console, searched for a panic
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
    : host_(context.host), config_(std::move(config)), state_dir_(context.state_dir) {}

QemuHypervisor::~QemuHypervisor() = default;

Result<void> QemuHypervisor::restore(std::string_view saved_state) {
  const SavedState state = KATA_TRY(parse_saved_state(saved_state), "");
  guest_cid_ = state.guest_cid;
  nics_ = state.nics;
  spec_.emplace();
  if (state.pid == 0) return {};
  auto process = ChildProcess::adopt(state.pid, state.start_time);
  if (process.ok()) process_ = std::make_shared<QemuProcess>(process.take());
  return {};
}

HypervisorCapabilities QemuHypervisor::capabilities() const {
  HypervisorCapabilities can;
  can.vhost_user_fs = can.plan9 = can.pause = can.mergeable_memory = can.net_hotplug = true;
  return can;
}

// The version is checked in start_vm, where QEMU tells it for nothing; to run QEMU for its
// --version alone would take 40 ms of each bring-up.
Result<void> QemuHypervisor::check_host() {
  KATA_TRY(check_program(config_.path), "");
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
  Sockets sockets;
  sockets.monitor = KATA_TRY(listen_unix(file(kMonitorSocket)), "");
  if (guest_cid_ == 0) sockets.agent = KATA_TRY(listen_unix(file(kAgentSocket)), "");
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
    launch.agent = SerialPort{sockets.agent.get()};
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
  process_ = std::make_shared<QemuProcess>(
      KATA_TRY(QemuProcess::start(std::move(line), spec_->netns, file(kQemuLog)), ""));
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
    std::optional<ExitStatus> status;
    if (auto ended = process_->wait(in(kLastWordsTime)); ended.ok()) status = ended.value();
    const std::string words = tail_of(read_tail(file(kQemuLog), kStderrLines), kStderrLines);
    if (status) {
      error.code = ErrorCode::kUnavailable;
      error.message = concat("QEMU '", config_.path, "' ended with ", describe_status(*status),
                             " before it answered on its monitor socket: ",
                             words.empty() ? "is hypervisor.qemu.path a QEMU?" : words);
    } else {
      error =
          in_context(std::move(error), concat("QEMU '", config_.path, "' did not start the VM"));
      if (!words.empty()) error.message += concat(": ", words);
    }
    if (auto ended = end_process(steady_clock::now()); !ended.ok())
      error.message += concat("; ", ended.error().message);
  }
  process_.reset();
  monitor_.reset();
  remove_files();
  std::replace(error.message.begin(), error.message.end(), '\n', ';');
  return error;
}

Result<void> QemuHypervisor::stop_vm(Deadline deadline) {
  if (process_) {
    const auto ended = KATA_TRY(process_->wait(steady_clock::now()), "");
    if (!ended) {
      stop_requested_ = true;
      ask_to_end(deadline);
      KATA_TRY(end_process(deadline), "stop VM");
    }
  }
  vhost_vsock_.reset();
  devices_.clear();
  remove_files();
  return {};
}

// A guest that its agent has just told to shut down needs no help; any other VM is asked to quit.
void QemuHypervisor::ask_to_end(Deadline deadline) {
  const auto own_end = process_->wait(std::min(deadline, in(kOwnEndTime)));
  if (!own_end.ok() || own_end.value() || steady_clock::now() >= deadline) return;
  const std::lock_guard lock(monitor_mutex_);
  // Without a monitor (an instance made from a saved state) SIGTERM is QEMU's word for quit.
  if (!monitor_ || !monitor_->execute("quit", std::min(deadline, in(kCommandTime))).ok())
    (void)process_->kill(SIGTERM);
}

Result<ExitStatus> QemuHypervisor::end_process(Deadline deadline) {
  if (auto status = KATA_TRY(process_->wait(deadline), "")) return *status;
  KATA_TRY(process_->kill(SIGKILL), "");
  if (auto status = KATA_TRY(process_->wait(in(kKillTime)), "")) return *status;
  return make_error(ErrorCode::kTimeout,
                    concat("QEMU, process ", process_->pid(), ", did not end 5 s after SIGKILL"));
}

Result<VmExit> QemuHypervisor::wait_vm() {
  const std::shared_ptr<QemuProcess> process = process_;
  if (!process) return precondition("wait_vm: the VM does not run");
  std::optional<ExitStatus> status;
  while (!status) {
    status = KATA_TRY(process->wait(in(kTrimInterval)), "");
    trim_log(file(kConsoleLog));
    trim_log(file(kQemuLog));
  }
  if (stop_requested_) return VmExit{status->code, true, "stopped on request"};
  LastWords words{.status = *status};
  words.stderr_tail = read_tail(file(kQemuLog), kStderrLines);
  words.console_tail = KATA_TRY(console_tail(kTailLines), "");
  words.shutdown_reason = shutdown_reason();
  return VmExit{status->code, false, describe_exit(words)};
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

Result<void> QemuHypervisor::pause_vm() {
  KATA_TRY(ask_monitor("stop", in(kCommandTime)), "pause VM");
  return {};
}

Result<void> QemuHypervisor::resume_vm() {
  KATA_TRY(ask_monitor("cont", in(kCommandTime)), "resume VM");
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

Result<AttachedDevice> QemuHypervisor::attach(Device device, Deadline deadline) {
  const std::string id = std::visit([](const auto& it) { return it.id; }, device);
  const std::string what = concat("attach device '", id, "'");
  const auto* const tap = std::get_if<TapDevice>(&device);
  if (tap == nullptr)
    return make_error(
        ErrorCode::kUnsupported,
        concat(what, ": hypervisor 'qemu' takes only NICs while a VM runs, others in ",
               "create_vm"));
  KATA_TRY(check_devices({&device, 1}, false), what);
  const std::lock_guard lock(monitor_mutex_);
  QmpClient* const qemu = KATA_TRY(monitor(deadline), what);
  const std::uint32_t slot = KATA_TRY(nics_.take(id), what);
  auto plugged = plug_nic(*qemu, *tap, slot, vhost_net_, deadline);
  if (plugged.ok()) return AttachedDevice{id, nic_address(slot)};
  nics_.free(id);
  return in_context(std::move(plugged).error(), what);
}

Result<void> QemuHypervisor::detach(std::string_view device_id, Deadline deadline) {
  const std::string what = concat("detach device '", device_id, "'");
  if (!nics_.has(device_id))
    return make_error(ErrorCode::kNotFound, concat(what, ": the VM has no such NIC"));
  const std::lock_guard lock(monitor_mutex_);
  QmpClient* const qemu = KATA_TRY(monitor(deadline), what);
  KATA_TRY(unplug_nic(*qemu, device_id, deadline), what);
  nics_.free(device_id);
  return {};
}

Result<VmResources> QemuHypervisor::resize(VmResources, Deadline) {
  return make_error(ErrorCode::kUnsupported,
                    "resize VM: hypervisor 'qemu' keeps the size a VM was created with");
}

Result<AgentAddress> QemuHypervisor::agent_address() const {
  if (!spec_) return precondition("agent_address needs create_vm first");
  if (guest_cid_ != 0) return AgentAddress(VsockAddress{guest_cid_, kAgentVsockPort});
  return AgentAddress(SerialAddress{file(kAgentSocket)});
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
  if (std::string tail = read_tail(file(kConsoleLog), lines); !tail.empty()) return tail;
  const std::lock_guard lock(console_mutex_);
  return tail_of(last_console_, lines);
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
  if (std::string console = read_tail(file(kConsoleLog), kTailLines); !console.empty()) {
    const std::lock_guard lock(console_mutex_);
    last_console_ = std::move(console);
  }
  for (const char* name : {kMonitorSocket, kAgentSocket, kConsoleLog, kQemuLog})
    ::unlink(file(name).c_str());
}

}  // namespace kata::qemu
