// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/sandbox_process.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <sstream>

#include "core/base/files.h"
#include "core/base/log.h"
#include "kata/concat.h"
#include "programs/kata-runtime/sandbox_client.h"
#include "programs/kata-runtime/sandbox_processes.h"
#include "sandbox.pb.h"
#include "sandbox/companion.h"
#include "sandbox/ready_pipe.h"
#include "sandbox/sandbox_cgroups.h"

namespace kata::runtime {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr int kReadyFd = 3, kLockFd = 4;     // in the proxy
constexpr seconds kBootTime{60};             // beside what the agent is given to answer
constexpr milliseconds kLeaveTime{1000};     // from the last reply to the process's end
constexpr milliseconds kShutdownTime{2000};  // beside the guest's own time
constexpr seconds kDismissTime{3};
constexpr seconds kCleanTime{15};
constexpr std::size_t kMountTable = 16U << 20;  // bytes
constexpr seconds kEmptyTime{3};  // for shims of exec, which end when they have lost the proxy

struct Pipe {
  UniqueFd read{}, write{};
};

Result<Pipe> make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return errno_error("make pipe", errno);
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

SpawnRequest proxy_request(const std::string& program, const Globals& globals,
                           const std::string& sandbox_id, const config::Config& config) {
  const bool debug = globals.debug || config.runtime.enable_debug;
  SpawnRequest spawn;
  spawn.argv = {program,
                "--root",
                globals.root.string(),
                "--sandbox",
                sandbox_id,
                "--ready-fd",
                std::to_string(kReadyFd),
                "--lock-fd",
                std::to_string(kLockFd),
                "--log-level",
                debug ? "debug" : config.runtime.log_level};
  spawn.kill_with_parent = false;
  return spawn;
}

// The process, unless it has ended.
std::optional<ChildProcess> adopt_if_alive(const sandbox::ProcessRef& process) {
  if (!sandbox::is_alive(process)) return std::nullopt;
  auto adopted = ChildProcess::adopt(process.pid, process.start_time);
  return adopted.ok() ? std::optional(adopted.take()) : std::nullopt;
}

Result<void> ask_to_shut_down(const sandbox::Store& store, const std::string& sandbox_id,
                              milliseconds patience) {
  auto client = KATA_TRY(connect_to_sandbox(store, sandbox_id), "");
  sandbox::ShutdownRequest request;
  request.set_timeout_ms(patience.count());
  KATA_TRY(ttrpc::call<sandbox::ShutdownResponse>(client, kSandboxService, "Shutdown", request,
                                                  in(patience + kShutdownTime)),
           "shut the sandbox down");
  return {};
}

std::string read_all(int fd) {
  std::string text(4096, '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    const ssize_t got = ::read(fd, text.data() + filled, text.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    filled += static_cast<std::size_t>(got);
  }
  text.resize(text.find_last_not_of("\n", filled == 0 ? 0 : filled - 1) + 1);
  return text;
}

// In a program of its own, because only plugins know what they left, and this one loads none.
Result<void> clean_up_by_plugins(const Globals& globals, const std::string& sandbox_id) {
  Pipe complaint = KATA_TRY(make_pipe(), "");
  SpawnRequest spawn;
  spawn.argv = {KATA_TRY(sandbox::companion("kata-runtime-plugins"), ""), "--root",
                globals.root.string(), "clean-up", sandbox_id};
  spawn.descriptors = {{complaint.write.get(), 2}};
  auto cleaner = KATA_TRY(ChildProcess::spawn(std::move(spawn)), "");
  complaint.write.reset();
  const auto status = KATA_TRY(cleaner.wait(in(kCleanTime)), "");
  if (!status) {
    KATA_TRY(cleaner.terminate(SIGKILL, in(kLeaveTime)), "");
    return make_error(ErrorCode::kTimeout, "the plugins did not finish cleaning up");
  }
  if (status->code == 0) return {};
  return make_error(ErrorCode::kInternal, read_all(complaint.read.get()));
}

// A proxy that has obeyed is about to end. Says when it was not, and had to be killed.
Result<void> see_off(const sandbox::ProcessRef& process, bool& obeyed) {
  auto proxy = adopt_if_alive(process);
  if (!proxy) return {};
  const auto status = KATA_TRY(proxy->wait(in(obeyed ? kLeaveTime : milliseconds(0))), "");
  if (status) return {};
  obeyed = false;
  KATA_TRY(proxy->terminate(SIGKILL, in(kLeaveTime)), "");
  return {};
}

// It takes down what no record tells of any more.
Result<void> dismiss(const sandbox::ProcessRef& process) {
  auto proxy = adopt_if_alive(process);
  if (proxy) KATA_TRY(proxy->terminate(SIGTERM, in(kDismissTime)), "");
  return {};
}

bool plugins_left_something(const sandbox::Store& store, const std::string& sandbox_id) {
  std::error_code failure;
  for (const char* place : {"hv", "fs", "net"})
    if (std::filesystem::exists(store.directory(sandbox_id) / place, failure)) return true;
  return false;
}

// What is mounted last is unmounted first. A mount that is in use goes when its last user does.
Result<void> unmount_all_below(const std::filesystem::path& directory) {
  const std::string table = KATA_TRY(read_file("/proc/self/mountinfo", kMountTable), "");
  std::vector<std::string> mount_points;
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string id, parent, device, root, mount_point;
    words >> id >> parent >> device >> root >> mount_point;
    if (mount_point.starts_with(concat(directory, '/'))) mount_points.push_back(mount_point);
  }
  for (auto at = mount_points.rbegin(); at != mount_points.rend(); ++at)
    if (::umount2(at->c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0)
      return errno_error(concat("unmount '", *at, "'"), errno);
  return {};
}

// Without a record, processes are found by what they were started with, and the rest by the record
// of the sandbox's birth; without that, too, by where it lies.
Result<void> end_without_record(const Globals& globals, const std::string& sandbox_id,
                                bool obeyed) {
  const sandbox::Store store = globals.store();
  const auto processes = KATA_TRY(sandbox_processes(store), "look for processes");
  for (const SandboxProcess& found : processes)
    if (found.sandbox_id == sandbox_id && found.program == "kata-proxy")
      KATA_TRY(obeyed ? see_off(found.process, obeyed) : dismiss(found.process), "");
  bool unasked = false;
  for (const SandboxProcess& found : processes)
    if (found.sandbox_id == sandbox_id && found.program != "kata-shim")
      KATA_TRY(see_off(found.process, unasked), "");
  const auto birth = store.load_sandbox_or_birth(sandbox_id);
  if (!obeyed && birth.ok() && plugins_left_something(store, sandbox_id))
    KATA_TRY(clean_up_by_plugins(globals, sandbox_id), "");
  if (!birth.ok()) KATA_TRY(unmount_all_below(store.directory(sandbox_id)), "");
  sandbox::SandboxCgroups cgroups{KATA_TRY(sandbox::cgroup_path("", sandbox_id), ""),
                                  sandbox::overhead_cgroup_path(sandbox_id)};
  if (birth.ok()) cgroups = birth.value().cgroups;
  return sandbox::remove_cgroups(cgroups, in(kEmptyTime));
}

}  // namespace

Result<ChildProcess> start_sandbox(const Globals& globals, const std::string& sandbox_id,
                                   const config::Config& config, UniqueFd lock,
                                   Interruption& interruption) {
  const std::string program = KATA_TRY(sandbox::companion("kata-proxy"), "");
  Pipe ready = KATA_TRY(make_pipe(), "");
  SpawnRequest spawn = proxy_request(program, globals, sandbox_id, config);
  spawn.descriptors = {{ready.write.get(), kReadyFd}, {lock.get(), kLockFd}};
  auto proxy = KATA_TRY(ChildProcess::spawn(std::move(spawn)), "");
  ready.write.reset();
  lock.reset();
  interruption.watch(proxy.pidfd());
  const auto deadline = in(kBootTime + seconds(config.agent.dial_timeout_s));
  auto up = sandbox::await_ready(ready.read.get(), deadline);
  interruption.watch(-1);
  if (up.ok()) return proxy;
  Error error = std::move(up).error();
  KATA_TRY(proxy.terminate(SIGTERM, in(kShutdownTime)), error.message);
  return error;
}

Result<void> end_sandbox(const Globals& globals, const std::string& sandbox_id,
                         milliseconds patience) {
  const sandbox::Store store = globals.store();
  const auto record = store.load_sandbox(sandbox_id);
  if (!record.ok() && !std::filesystem::exists(store.directory(sandbox_id))) return {};
  const auto asked = ask_to_shut_down(store, sandbox_id, patience);
  if (!asked.ok() && record.ok())
    log::warn("the sandbox's proxy did not help", {{"error", asked.error().message}});
  if (!record.ok()) return end_without_record(globals, sandbox_id, asked.ok());
  bool obeyed = asked.ok();
  KATA_TRY(see_off(record.value().proxy, obeyed), "");
  if (!obeyed && plugins_left_something(store, sandbox_id))
    KATA_TRY(clean_up_by_plugins(globals, sandbox_id), "");
  return sandbox::remove_cgroups(record.value().cgroups, in(kEmptyTime));
}

}  // namespace kata::runtime
