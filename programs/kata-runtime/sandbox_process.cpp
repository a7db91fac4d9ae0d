// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/sandbox_process.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "core/base/log.h"
#include "kata/concat.h"
#include "programs/kata-runtime/companion.h"
#include "programs/kata-runtime/sandbox_client.h"
#include "sandbox.pb.h"
#include "sandbox/ready_pipe.h"
#include "sandbox/sandbox_cgroups.h"

namespace kata::runtime {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr int kReadyFd = 3;                  // in the proxy
constexpr seconds kBootTime{60};             // beside what the agent is given to answer
constexpr milliseconds kLeaveTime{1000};     // from the last reply to the process's end
constexpr milliseconds kShutdownTime{2000};  // beside the guest's own time
constexpr seconds kCleanTime{15};
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
  spawn.argv = {KATA_TRY(companion("kata-runtime-plugins"), ""), "--root", globals.root.string(),
                "clean-up", sandbox_id};
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

bool plugins_left_something(const sandbox::Store& store, const std::string& sandbox_id) {
  std::error_code failure;
  for (const char* place : {"hv", "fs", "net"})
    if (std::filesystem::exists(store.directory(sandbox_id) / place, failure)) return true;
  return false;
}

}  // namespace

Result<ChildProcess> start_sandbox(const Globals& globals, const std::string& sandbox_id,
                                   const config::Config& config, Interruption& interruption) {
  const std::string program = KATA_TRY(companion("kata-proxy"), "");
  Pipe ready = KATA_TRY(make_pipe(), "");
  SpawnRequest spawn = proxy_request(program, globals, sandbox_id, config);
  spawn.descriptors = {{ready.write.get(), kReadyFd}};
  auto proxy = KATA_TRY(ChildProcess::spawn(std::move(spawn)), "");
  ready.write.reset();
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
  if (!record.ok() && record.error().code == ErrorCode::kNotFound) return {};
  const auto asked = ask_to_shut_down(store, sandbox_id, patience);
  if (!asked.ok())
    log::warn("the sandbox's proxy did not help", {{"error", asked.error().message}});
  if (!record.ok()) return asked;
  bool obeyed = asked.ok();
  if (auto proxy = adopt_if_alive(record.value().proxy)) {
    const auto status = KATA_TRY(proxy->wait(in(obeyed ? kLeaveTime : milliseconds(0))), "");
    if (!status) {
      obeyed = false;
      KATA_TRY(proxy->terminate(SIGKILL, in(kLeaveTime)), "");
    }
  }
  if (!obeyed && plugins_left_something(store, sandbox_id))
    KATA_TRY(clean_up_by_plugins(globals, sandbox_id), "");
  return sandbox::remove_cgroups(record.value().cgroups, in(kEmptyTime));
}

}  // namespace kata::runtime
