// SPDX-License-Identifier: Apache-2.0
//
// A VM's life: its processes, its start and its end.
#include "cloudhv_hypervisor.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "console_log.h"
#include "kata/concat.h"
#include "kata/unix_socket.h"
#include "state_files.h"
#include "version_gaps.h"
#include "vm_checks.h"
#include "vm_exit.h"
#include "vmm_end.h"

namespace kata::cloudhv {
namespace {

using std::chrono::steady_clock;
using vmm::VmmProcess;

constexpr std::uint32_t kTailLines = 20;  // of the console, searched for a panic
constexpr std::uint32_t kLogLines = 5;
constexpr int kDirectoryFd = 10;  // of the VMM's process: the state directory
// Of the longest name in the directory, with the port of a guest that dials the host.
constexpr std::size_t kRoomForNames = sizeof "/vsock.sock_4294967295";

Error precondition(std::string message) {
  return make_error(ErrorCode::kFailedPrecondition, std::move(message));
}

// What a host without KVM should hear, whatever the VMM's own words were.
std::string kvm_obstacle() {
  const UniqueFd kvm(::open("/dev/kvm", O_RDWR | O_CLOEXEC));
  if (kvm) return {};
  return concat("; /dev/kvm: ", std::strerror(errno),
                ": cloud-hypervisor needs KVM, hypervisor = \"qemu\" can do without");
}

bool host_has_landlock() {
  constexpr unsigned kAskForVersion = 1;  // LANDLOCK_CREATE_RULESET_VERSION
  return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kAskForVersion) > 0;
}

}  // namespace

Result<std::unique_ptr<CloudhvHypervisor>> CloudhvHypervisor::create(
    const plugin::Context& context) {
  CloudhvConfig config = KATA_TRY(parse_config(context.config_json), "");
  std::unique_ptr<CloudhvHypervisor> made(new CloudhvHypervisor(context, std::move(config)));
  if (!context.saved_state.empty()) KATA_TRY(made->adopt(context.saved_state), "");
  return made;
}

CloudhvHypervisor::CloudhvHypervisor(const plugin::Context& context, CloudhvConfig config)
    : host_(context.host),
      config_(std::move(config)),
      state_dir_(context.state_dir),
      console_(file(kConsoleLog)) {}

CloudhvHypervisor::~CloudhvHypervisor() = default;

Result<void> CloudhvHypervisor::adopt(std::string_view saved_state) {
  SavedState state = KATA_TRY(parse_saved_state(saved_state), "");
  in_vm_ = std::move(state.devices);
  most_memory_ = state.most_memory_bytes;
  spec_.emplace();
  if (state.pid == 0) return {};
  auto process = ChildProcess::adopt(state.pid, state.start_time);
  if (!process.ok()) return {};
  process_ = std::make_shared<VmmProcess>(process.take());
  api_.emplace(file(kApiSocket), process_->pidfd());
  return {};
}

HypervisorCapabilities CloudhvHypervisor::capabilities() const {
  HypervisorCapabilities can;
  can.vhost_user_fs = can.mergeable_memory = can.net_hotplug = true;
  can.block_hotplug = !config_.landlock;
  return can;
}

// The version is checked in start_vm, where the VMM tells it for nothing; KVM by the VMM, which
// ends at once without it.
Result<void> CloudhvHypervisor::check_host() { return vmm::check_program(kCloudhv, config_.path); }

Result<void> CloudhvHypervisor::create_vm(VmSpec spec, std::vector<Device> devices) {
  if (spec_) return precondition("the VM exists already");
  KATA_TRY(check_spec(config_, spec), "");
  KATA_TRY(check_devices(devices, spec.shared_memory, spec.boot.vcpus), "");
  spec_ = std::move(spec);
  devices_ = std::move(devices);
  most_memory_ = most_memory_bytes(*spec_);
  return {};
}

Result<void> CloudhvHypervisor::start_vm(Deadline deadline) {
  if (!spec_ || spec_->id.empty()) return precondition("start_vm needs create_vm first");
  if (process_) return precondition("the VM was started already");
  auto running = launch(deadline);
  if (running.ok()) running = greet(deadline);
  if (running.ok()) running = boot(deadline);
  if (!running.ok()) return start_failure(std::move(running).error());
  devices_.clear();  // the VMM has its own copies of the descriptors
  return {};
}

// A socket's path holds 107 bytes, and a sandbox id alone may take 64 of them. A longer one is
// named through the descriptor of the directory that the VMM inherits.
VmFiles CloudhvHypervisor::files() const {
  const bool fits = state_dir_.native().size() + kRoomForNames <= kMaxSocketPath;
  const std::filesystem::path directory =
      fits ? state_dir_ : std::filesystem::path(concat("/proc/self/fd/", kDirectoryFd));
  return {directory / kVsockSocket, file(kConsoleLog), state_dir_};
}

Result<void> CloudhvHypervisor::launch(Deadline deadline) {
  if (steady_clock::now() >= deadline)
    return make_error(ErrorCode::kTimeout, "start cloud-hypervisor: the deadline passed already");
  for (const char* name : {kApiSocket, kApiLock, kVsockSocket}) ::unlink(file(name).c_str());
  const UniqueFd directory(::open(state_dir_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return errno_error(concat("open '", state_dir_, "'"), errno);
  SpawnRequest request;
  const auto sockets = files().vsock.parent_path();
  request.argv = {config_.path.native(), "--api-socket", concat("path=", sockets / kApiSocket),
                  "--seccomp", config_.disable_seccomp ? "false" : "true"};
  request.argv.insert(request.argv.end(), config_.hypervisor_loglevel, "-v");
  request.descriptors.push_back({directory.get(), kDirectoryFd});
  request.netns = spec_->netns;
  process_ = std::make_shared<VmmProcess>(
      KATA_TRY(VmmProcess::start(std::move(request), file(kVmmLog)), ""));
  api_.emplace(file(kApiSocket), process_->pidfd());
  return {};
}

Result<void> CloudhvHypervisor::greet(Deadline deadline) {
  const std::string pinged = KATA_TRY(api_->wait_until_up(deadline), "");
  const VmmVersion version = KATA_TRY(parse_ping(pinged), "");
  if (config_.landlock && !host_has_landlock())
    log(plugin::Host::Level::kWarn,
        "the host's kernel has no landlock: only seccomp confines cloud-hypervisor");
  for (const std::string& gap : gaps_of(version, config_, devices_))
    log(plugin::Host::Level::kWarn, gap);
  return {};
}

Result<void> CloudhvHypervisor::boot(Deadline deadline) {
  KATA_TRY(api_->put("vm.create", create_body(config_, *spec_, devices_, files()), deadline), "");
  KATA_TRY(expect_state("Created", deadline), "");
  for (const Device& device : devices_) {
    if (const auto* const tap = std::get_if<TapDevice>(&device))
      KATA_TRY(plug_nic(*tap, deadline), concat("tap '", tap->id, "'"));
    in_vm_.insert(vmm::id_of(device));
  }
  KATA_TRY(api_->put("vm.boot", {}, deadline), "");
  return expect_state("Running", deadline);
}

// Undoes launch, and says what the VMM said.
Error CloudhvHypervisor::start_failure(Error error) {
  if (process_) {
    vmm::FailedStart start;
    start.program = concat("cloud-hypervisor '", config_.path, "'");
    start.before = "before the VM ran";
    start.guess = "is hypervisor.cloudhv.path a cloud-hypervisor?";
    start.log = file(kVmmLog);
    start.may_have_ended = error.code == ErrorCode::kUnavailable;
    error = vmm::end_failed_start(*process_, std::move(error), start);
    error.message += kvm_obstacle();
  }
  api_.reset();
  process_.reset();
  in_vm_.clear();
  remove_files();
  return error;
}

Result<void> CloudhvHypervisor::stop_vm(Deadline deadline) {
  const auto shut_down = [this](Deadline answer) {
    return api_->put("vmm.shutdown", {}, answer).ok();
  };
  if (process_) KATA_TRY(vmm::end_on_request(*process_, deadline, stop_requested_, shut_down), "");
  devices_.clear();
  in_vm_.clear();
  remove_files();
  return {};
}

Result<VmExit> CloudhvHypervisor::wait_vm() {
  const std::shared_ptr<VmmProcess> process = process_;
  if (!process) return precondition("wait_vm: the VM does not run");
  const ExitStatus status =
      KATA_TRY(vmm::wait_for_end(*process, {file(kConsoleLog), file(kVmmLog)}), "");
  if (stop_requested_) return VmExit{status.code, true, "stopped on request"};
  vmm::LastWords words{.vmm = kCloudhv.product, .status = status};
  words.stderr_tail = vmm::read_tail(file(kVmmLog), kLogLines);
  words.console_tail = console_.tail(kTailLines);
  return VmExit{status.code, false, vmm::describe_exit(words)};
}

// The VMM refuses a state that the VM has already.
Result<void> CloudhvHypervisor::reach_state(std::string_view call, std::string_view state,
                                            Deadline deadline) {
  const ApiClient* const vmm = KATA_TRY(api(), "");
  auto asked = vmm->put(call, {}, deadline);
  if (asked.ok() || expect_state(state, deadline).ok()) return {};
  return std::move(asked).error();
}

Result<void> CloudhvHypervisor::pause_vm(Deadline deadline) {
  KATA_TRY(reach_state("vm.pause", "Paused", deadline), "pause VM");
  return {};
}

Result<void> CloudhvHypervisor::resume_vm(Deadline deadline) {
  KATA_TRY(reach_state("vm.resume", "Running", deadline), "resume VM");
  return {};
}

Result<AgentAddress> CloudhvHypervisor::agent_address() const {
  if (!spec_) return precondition("agent_address needs create_vm first");
  return AgentAddress(HybridVsockAddress{file(kVsockSocket), kAgentVsockPort});
}

// Every VM has a vsock device; a port more is the guest's to listen on.
Result<void> CloudhvHypervisor::offer_debug_console() { return {}; }

Result<AgentAddress> CloudhvHypervisor::debug_console_address() const {
  if (!spec_) return precondition("debug_console_address needs create_vm first");
  return AgentAddress(HybridVsockAddress{file(kVsockSocket), kDebugConsoleVsockPort});
}

Result<VmProcesses> CloudhvHypervisor::processes() const {
  if (!process_) return precondition("the VM does not run");
  VmProcesses found{.vmm_pid = process_->pid()};
  std::error_code unreadable;
  const std::filesystem::path tasks = concat("/proc/", found.vmm_pid, "/task");
  for (const auto& task : std::filesystem::directory_iterator(tasks, unreadable)) {
    std::ifstream file(task.path() / "comm");
    std::string name;
    if (std::getline(file, name) && name.starts_with("vcpu"))
      found.vcpu_tids.push_back(std::atoi(task.path().filename().c_str()));
  }
  if (unreadable || found.vcpu_tids.empty())
    return make_error(ErrorCode::kUnavailable, concat("cloud-hypervisor, process ", found.vmm_pid,
                                                      ", has no thread of a vCPU"));
  std::sort(found.vcpu_tids.begin(), found.vcpu_tids.end());
  return found;
}

Result<std::string> CloudhvHypervisor::console_tail(std::uint32_t lines) const {
  return console_.tail(lines);
}

Result<std::string> CloudhvHypervisor::save_state() const {
  SavedState state{.most_memory_bytes = most_memory_, .devices = in_vm_};
  if (process_) {
    const auto start_time = process_start_time(process_->pid());
    if (start_time.ok()) state.pid = process_->pid(), state.start_time = start_time.value();
  }
  return to_json(state);
}

void* CloudhvHypervisor::extension(std::string_view id) noexcept {
  if (id == HypervisorPause::kId) return static_cast<HypervisorPause*>(this);
  if (id == HypervisorResize::kId) return static_cast<HypervisorResize*>(this);
  if (id == HypervisorSnapshot::kId) return static_cast<HypervisorSnapshot*>(this);
  if (id == HypervisorCounters::kId) return static_cast<HypervisorCounters*>(this);
  if (id == HypervisorDebugConsole::kId) return static_cast<HypervisorDebugConsole*>(this);
  return nullptr;
}

Result<const ApiClient*> CloudhvHypervisor::api() const {
  if (!api_) return precondition("the VM does not run");
  return &*api_;
}

Result<VmInfo> CloudhvHypervisor::info(Deadline deadline) const {
  const ApiClient* const vmm = KATA_TRY(api(), "");
  return parse_info(KATA_TRY(vmm->get("vm.info", deadline), ""));
}

Result<void> CloudhvHypervisor::expect_state(std::string_view state, Deadline deadline) const {
  const VmInfo now = KATA_TRY(info(deadline), "");
  if (now.state == state) return {};
  return make_error(ErrorCode::kInternal, concat("the VM is '", now.state, "', not ", state));
}

void CloudhvHypervisor::remove_files() {
  console_.remove_file();
  for (const char* name : {kApiSocket, kApiLock, kVsockSocket, kVmmLog})
    ::unlink(file(name).c_str());
  for (const char* name : kSnapshotFiles) ::unlink((file(kRestoreDirectory) / name).c_str());
  ::rmdir(file(kRestoreDirectory).c_str());
}

}  // namespace kata::cloudhv
