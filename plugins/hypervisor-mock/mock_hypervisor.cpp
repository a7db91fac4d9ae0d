// SPDX-License-Identifier: Apache-2.0
#include "mock_hypervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "cgroups.h"
#include "kata/concat.h"
#include "kata/state_file.h"
#include "kata/unix_socket.h"

namespace kata::mock {

namespace {

using std::chrono::steady_clock;
constexpr int kReadyFd = 3;  // in kata-mock-vm
constexpr std::size_t kConsoleBytes = 16U << 10, kLongestReason = 4096;
constexpr std::chrono::seconds kQuitTime{1};   // from SIGQUIT, which ends the guest
constexpr std::chrono::seconds kDeathTime{5};  // from SIGKILL until all is gone
constexpr const char *kSocket = "agent.sock", *kConsole = "console.log", *kCommandLine = "cmdline";

Error unsupported(std::string_view what) {
  return make_error(ErrorCode::kUnsupported, concat("hypervisor 'mock' ", what));
}

Error not_started() {
  return make_error(ErrorCode::kFailedPrecondition, "the mock VM is not started");
}

Result<void> check_spec(const VmSpec& spec, const std::vector<Device>& devices) {
  const auto invalid = [](const char* message) {
    return make_error(ErrorCode::kInvalidArgument, message);
  };
  if (spec.boot.vcpus == 0) return invalid("a VM needs at least one vCPU");
  if (!spec.initrd.empty() && !spec.image.empty())
    return invalid("a guest has an initrd or an image, not both");
  if (spec.shared_memory && spec.mergeable_memory)
    return invalid("memory cannot be shared and mergeable");
  for (const Device& device : devices) {
    if (std::holds_alternative<TapDevice>(device))
      return unsupported("gives the guest no NIC: set network = \"none\" in [plugins]");
    return unsupported("carries no device: select a shared_filesystem that needs none");
  }
  if (spec.shared_memory) return unsupported("has no guest memory that could be shared");
  return {};
}

Result<void> check_program(const std::filesystem::path& program, std::string_view key) {
  if (::access(program.c_str(), X_OK) == 0) return {};
  return errno_error(concat("program '", program, "', key '", key, "' in [hypervisor.mock]"),
                     errno);
}

// Printable ASCII only: the guest writes it.
std::string last_lines(std::string text, std::uint32_t lines) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::size_t at = text.size();
  for (; lines > 0 && at != std::string::npos && at != 0; --lines) at = text.rfind('\n', at - 1);
  if (at != std::string::npos && at < text.size()) text.erase(0, text[at] == '\n' ? at + 1 : at);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c != '\n' && (c < ' ' || c > '~'); }, '?');
  return text;
}

// What kata-mock-vm says until the agent runs: nothing is good news.
Result<void> wait_until_ready(int fd, Deadline deadline) {
  std::string reason;
  for (;;) {
    if (detail::poll_until(fd, deadline) == 0)
      return make_error(ErrorCode::kTimeout, "the agent was not started in time");
    char buffer[512];
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || reason.size() > kLongestReason) break;
    reason.append(buffer, static_cast<std::size_t>(got));
  }
  if (reason.empty()) return {};
  return make_error(ErrorCode::kUnavailable, last_lines(std::move(reason), 1));
}

std::string describe(ExitStatus status) {
  if (status.code < 0) return "gone";
  return status.code > 128 ? concat("ended by signal ", status.code - 128)
                           : concat("ended with exit code ", status.code);
}

}  // namespace

Result<std::unique_ptr<MockHypervisor>> MockHypervisor::create(const plugin::Context& context) {
  Settings settings = KATA_TRY(parse_settings(context.config_json), "");
  Record record = context.saved_state.empty() ? KATA_TRY(read_record(context.state_dir), "")
                                              : KATA_TRY(parse_record(context.saved_state), "");
  // The file is written ahead of each step, the saved state after it.
  if (record.pid == 0) record = KATA_TRY(read_record(context.state_dir), "");
  std::unique_ptr<MockHypervisor> made(
      new MockHypervisor(std::move(settings), context.state_dir, std::move(record)));
  if (made->record_.pid == 0) return made;
  made->created_ = true;
  auto process = ChildProcess::adopt(made->record_.pid, made->record_.start_time);
  if (process.ok()) made->process_ = std::make_shared<ChildProcess>(process.take());
  return made;
}

Result<void> MockHypervisor::check_host() {
  if (::geteuid() != 0)
    return make_error(ErrorCode::kPermission,
                      "hypervisor 'mock' makes namespaces, which needs root");
  KATA_TRY(check_program(settings_.path, "path"), "");
  return check_program(settings_.agent, "agent");
}

Result<void> MockHypervisor::create_vm(VmSpec spec, std::vector<Device> devices) {
  if (created_) return make_error(ErrorCode::kFailedPrecondition, "a VM was created here already");
  KATA_TRY(check_spec(spec, devices), "");
  // The agent reads its settings from there; a socket's path is what is too long first.
  KATA_TRY(write_state_file(state_dir_ / kCommandLine, concat(spec.kernel_params, "\n")), "");
  created_ = true;
  return {};
}

Result<void> MockHypervisor::start_vm(Deadline deadline) {
  if (!created_) return make_error(ErrorCode::kFailedPrecondition, "start_vm before create_vm");
  if (process()) return make_error(ErrorCode::kFailedPrecondition, "the VM was started already");
  auto launched = launch(deadline);
  if (launched.ok()) return launched;
  Error error = in_context(std::move(launched).error(), "start the mock VM");
  if (auto undone = stop_vm(steady_clock::now()); !undone.ok())
    error.message += concat("; and then: ", undone.error().message);
  created_ = true;
  return error;
}

Result<void> MockHypervisor::launch(Deadline deadline) {
  const std::string name =
      concat("kata-mock-vm-", ::getpid(), "-", state_dir_.parent_path().filename().native());
  record_.cgroups = KATA_TRY(own_cgroup_directories(name), "");
  KATA_TRY(write_record(state_dir_, record_), "");
  KATA_TRY(make_cgroups(record_.cgroups), "");
  const UniqueFd console(::open((state_dir_ / kConsole).c_str(),
                                O_CREAT | O_APPEND | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!console) return errno_error(concat("open '", state_dir_ / kConsole, "'"), errno);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("make a pipe", errno);
  const UniqueFd ready(ends[0]);
  UniqueFd ready_there(ends[1]);
  SpawnRequest request;
  request.argv = {settings_.path, settings_.agent, state_dir_};
  request.argv.insert(request.argv.end(), record_.cgroups.begin(), record_.cgroups.end());
  request.descriptors = {{console.get(), 1}, {console.get(), 2}, {ready_there.get(), kReadyFd}};
  auto process =
      std::make_shared<ChildProcess>(KATA_TRY(ChildProcess::spawn(std::move(request)), ""));
  ready_there.reset();
  {
    const std::lock_guard lock(mutex_);
    process_ = process;
    stopping_ = false;
  }
  const auto start_time = process_start_time(process->pid());
  record_.pid = process->pid();
  record_.start_time = start_time.ok() ? start_time.value() : 0;
  KATA_TRY(write_record(state_dir_, record_), "");
  return wait_until_ready(ready.get(), deadline);
}

std::shared_ptr<ChildProcess> MockHypervisor::process() const {
  const std::lock_guard lock(mutex_);
  return process_;
}

Result<void> MockHypervisor::stop_vm(Deadline deadline) {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  const auto process = this->process();
  if (process) KATA_TRY(end_process(*process, deadline), "stop the mock VM");
  KATA_TRY(remove_cgroups(record_.cgroups, steady_clock::now() + kDeathTime), "stop the mock VM");
  record_ = Record{};
  return clear_state();
}

Result<void> MockHypervisor::end_process(ChildProcess& process, Deadline deadline) {
  if (steady_clock::now() < deadline) {
    KATA_TRY(process.kill(SIGTERM), "");
    process.ended_by(deadline);
  }
  KATA_TRY(process.kill(SIGQUIT), "");
  process.ended_by(steady_clock::now() + kQuitTime);
  KATA_TRY(process.kill(SIGKILL), "");
  if (!process.ended_by(steady_clock::now() + kDeathTime))
    return make_error(ErrorCode::kTimeout,
                      concat("process ", process.pid(), " did not end 5 s after SIGKILL"));
  const std::lock_guard lock(mutex_);
  KATA_TRY(process.wait(steady_clock::now()), "");
  return {};
}

Result<void> MockHypervisor::clear_state() {
  for (const char* name : {kSocket, kCommandLine})
    if (::unlink((state_dir_ / name).c_str()) != 0 && errno != ENOENT)
      return errno_error(concat("remove '", state_dir_ / name, "'"), errno);
  return remove_record(state_dir_);
}

Result<VmExit> MockHypervisor::wait_vm() {
  const auto process = this->process();
  if (!process) return not_started();
  while (!process->ended_by(steady_clock::now() + std::chrono::hours(1))) {
  }
  const std::lock_guard lock(mutex_);
  const auto status = KATA_TRY(process->wait(steady_clock::now()), "");
  VmExit exit;
  exit.status = status ? status->code : -1;
  exit.requested = stopping_;
  exit.reason = concat("the mock VM ", describe(status.value_or(ExitStatus{-1})));
  if (auto tail = console_tail(1); tail.ok() && !tail.value().empty())
    exit.reason += concat("; its console ends: ", tail.value());
  return exit;
}

Result<AttachedDevice> MockHypervisor::attach(Device /*device*/, Deadline /*deadline*/) {
  return unsupported("carries no device");
}

Result<void> MockHypervisor::detach(std::string_view device_id, Deadline /*deadline*/) {
  return make_error(ErrorCode::kNotFound, concat("no device '", device_id, "'"));
}

// One byte stream, as a serial port.
Result<AgentAddress> MockHypervisor::agent_address() const {
  if (!created_)
    return make_error(ErrorCode::kFailedPrecondition, "agent_address before create_vm");
  return AgentAddress(SerialAddress{state_dir_ / kSocket});
}

Result<VmProcesses> MockHypervisor::processes() const {
  if (record_.pid == 0) return not_started();
  return VmProcesses{record_.pid, {}};
}

Result<std::string> MockHypervisor::console_tail(std::uint32_t lines) const {
  const UniqueFd fd(::open((state_dir_ / kConsole).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return std::string();
  struct stat found {};
  if (::fstat(fd.get(), &found) != 0) return errno_error("look at the console's log", errno);
  const off_t begin = std::max<off_t>(0, found.st_size - static_cast<off_t>(kConsoleBytes));
  std::string text(kConsoleBytes, '\0');
  const ssize_t got = ::pread(fd.get(), text.data(), text.size(), begin);
  if (got < 0) return errno_error("read the console's log", errno);
  text.resize(static_cast<std::size_t>(got));
  return last_lines(std::move(text), lines);
}

}  // namespace kata::mock
