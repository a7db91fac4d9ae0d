// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/sandbox_api.h"

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <filesystem>
#include <utility>

#include "core/base/files.h"
#include "core/base/log.h"
#include "kata/child_process.h"
#include "kata/concat.h"
#include "programs/containerd-shim-kata-v2/plan_pod.h"
#include "programs/containerd-shim-kata-v2/runtime_options.h"
#include "programs/containerd-shim-kata-v2/sandbox_metrics.h"
#include "programs/containerd-shim-kata-v2/sandbox_spec.h"
#include "programs/containerd-shim-kata-v2/standalone.h"
#include "programs/containerd-shim-kata-v2/timestamp.h"

namespace kata::shim_v2 {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds kPingTime{5};
constexpr std::uint32_t kLost = 255;  // exit status of a sandbox that nobody ended
constexpr std::size_t kLargestMountinfo = 4U << 20;

// The CRI's words for the state of a pod.
constexpr const char *kReadyWord = "SANDBOX_READY", *kNotReadyWord = "SANDBOX_NOTREADY";

#if defined(__x86_64__)
constexpr const char* kArchitecture = "amd64";
#elif defined(__aarch64__)
constexpr const char* kArchitecture = "arm64";
#elif defined(__s390x__)
constexpr const char* kArchitecture = "s390x";
#elif defined(__powerpc64__)
constexpr const char* kArchitecture = "ppc64le";
#elif defined(__riscv)
constexpr const char* kArchitecture = "riscv64";
#endif

Result<sandbox::ProcessRef> this_process() {
  const pid_t self = ::getpid();
  return sandbox::ProcessRef{self, KATA_TRY(process_start_time(self), "")};
}

}  // namespace

SandboxApi::SandboxApi(asio::any_io_executor loop, std::string config_path, Pod& pod, Tasks& tasks)
    : loop_(loop),
      config_path_(std::move(config_path)),
      pod_(pod),
      tasks_(tasks),
      start_ended_(loop),
      stopped_(loop) {}

Result<void> SandboxApi::check_known(const std::string& id) const {
  if (state_ != State::kNone && id == id_) return {};
  return make_error(ErrorCode::kNotFound, concat("sandbox '", id, "' does not exist"));
}

const char* SandboxApi::state_name() const {
  switch (state_) {
    case State::kNone:
      break;
    case State::kCreated:
      return "created";
    case State::kStarting:
      return "starting";
    case State::kReady:
      return "ready";
    case State::kStopped:
      return "stopped";
  }
  return "none";
}

Error SandboxApi::not_ready() const {
  return make_error(ErrorCode::kFailedPrecondition, concat("sandbox '", id_, "' is ", state_name(),
                                                           failure_.empty() ? "" : ": ", failure_));
}

SandboxApi::Reply<SandboxApi::Empty> SandboxApi::create(api::CreateSandboxRequest request) {
  KATA_CO_CHECK(check_sandbox_request(request), "");
  if (state_ != State::kNone && request.sandbox_id() == id_)
    co_return make_error(ErrorCode::kAlreadyExists, concat("sandbox '", id_, "' exists already"));
  if (state_ != State::kNone || pod_.has_sandbox() || !tasks_.empty())
    co_return make_error(ErrorCode::kFailedPrecondition,
                         "this shim serves another sandbox already: each has one of its own");
  KATA_CO_CHECK(make(request), concat("create sandbox '", request.sandbox_id(), "'"));
  co_return Empty();
}

Result<void> SandboxApi::make(const api::CreateSandboxRequest& request) {
  const std::string& id = request.sandbox_id();
  if (request.rootfs_size() > 0) log::debug("the sandbox's rootfs is not used: it is a VM");
  const SandboxDescription wanted = KATA_TRY(describe_sandbox(request), "");
  const std::string named = KATA_TRY(config_path_of(request.options()), "");
  auto plan = KATA_TRY(
      plan_pod(id, wanted.spec, request.bundle_path(), named.empty() ? config_path_ : named), "");
  std::error_code failure;
  plan.record.bundle = std::filesystem::weakly_canonical(request.bundle_path(), failure);
  plan.record.proxy = KATA_TRY(this_process(), "");
  plan.record.dns.insert(plan.record.dns.end(), wanted.dns.begin(), wanted.dns.end());
  KATA_TRY(pod_.store().reserve(id), "");
  auto saved = pod_.store().save_at_birth(plan.record);
  if (saved.ok())
    saved = write_pod_files(pod_.store().directory(id), wanted.spec.hostname(), plan.record.dns);
  if (!saved.ok()) {
    const auto removed = pod_.store().remove(id);
    if (!removed.ok()) log::warn("undoing a sandbox", {{"error", removed.error().message}});
    return saved;
  }
  const auto& sysctls = wanted.spec.linux().sysctl();
  pod_.stand_alone({id, {sysctls.begin(), sysctls.end()}});
  plan_ = std::move(plan);
  id_ = id;
  state_ = State::kCreated;
  return {};
}

SandboxApi::Reply<api::StartSandboxResponse> SandboxApi::start(api::SandboxRequest request) {
  KATA_CO_CHECK(check_known(request.sandbox_id()), "");
  if (state_ == State::kStarting) co_await start_ended_.wait();
  if (state_ == State::kCreated) {
    KATA_CO_CHECK(co_await bring_up(), concat("start sandbox '", id_, "'"));
  }
  if (state_ != State::kReady) co_return not_ready();
  api::StartSandboxResponse response;
  response.set_pid(static_cast<std::uint32_t>(pod_.vmm().pid));
  *response.mutable_created_at() = created_at_;
  co_return response;
}

asio::awaitable<Result<void>> SandboxApi::bring_up() {
  state_ = State::kStarting;
  sandbox::SandboxPlan plan = std::move(*plan_);
  plan_.reset();
  auto up = co_await pod_.bring_up(std::move(plan));
  if (up.ok()) {
    created_at_ = now();
    state_ = State::kReady;
    pod_.settle();
    asio::co_spawn(loop_, watch(), asio::detached);
  } else {
    const auto removed = pod_.store().remove(id_);
    if (!removed.ok()) log::warn("undoing a sandbox", {{"error", removed.error().message}});
    ended(kLost, up.error().message);
  }
  start_ended_.set();
  co_return up;
}

// All ends of a VM that was up come by here: asked for, or not.
asio::awaitable<void> SandboxApi::watch() {
  co_await pod_.sandbox().stopped();
  std::string failure = pod_.sandbox().failure();
  const auto down = co_await pod_.take_down();
  if (!down.ok()) log::error("the sandbox is not down", {{"error", down.error().message}});
  const std::uint32_t code = failure.empty() ? 0 : kLost;
  ended(code, std::move(failure));
}

void SandboxApi::ended(std::uint32_t code, std::string reason) {
  state_ = State::kStopped;
  exit_status_ = code;
  failure_ = std::move(reason);
  exited_at_ = now();
  stopped_.set();
}

// After a success the state is kStopped. What could not be cleaned up is told each time.
asio::awaitable<Result<void>> SandboxApi::end_it() {
  if (state_ == State::kCreated) {
    KATA_CO_CHECK(pod_.store().remove(id_), "");
    plan_.reset();
    ended(0, "");
  }
  auto down = co_await pod_.take_down();
  co_await stopped_.wait();
  co_return down;
}

// The containers' time. A call without it cuts that of another short, since it ends the VM.
SandboxApi::Reply<SandboxApi::Empty> SandboxApi::stop(api::StopSandboxRequest request) {
  KATA_CO_CHECK(check_known(request.sandbox_id()), "");
  if (state_ == State::kReady && request.timeout_secs() > 0) {
    const std::chrono::seconds time(request.timeout_secs());
    const Deadline deadline = std::chrono::steady_clock::now() + time;
    co_await tasks_.terminate_all(deadline);
  }
  KATA_CO_CHECK(co_await end_it(), concat("stop sandbox '", id_, "'"));
  co_return Empty();
}

// The shim goes in any case: what it could not clean up, `delete` tries again. containerd calls
// this for a sandbox that could not be created, too.
SandboxApi::Reply<SandboxApi::Empty> SandboxApi::shut_down(api::SandboxRequest request) {
  if (state_ == State::kNone && tasks_.empty()) {
    tasks_.dismiss();
    co_return Empty();
  }
  KATA_CO_CHECK(check_known(request.sandbox_id()), "");
  auto down = co_await end_it();
  co_await tasks_.remove_all();
  tasks_.dismiss();
  KATA_CO_CHECK(std::move(down), concat("shut sandbox '", id_, "' down"));
  co_return Empty();
}

SandboxApi::Reply<api::PlatformResponse> SandboxApi::platform(api::SandboxRequest request) {
  KATA_CO_CHECK(check_known(request.sandbox_id()), "");
  api::PlatformResponse response;
  response.mutable_platform()->set_os("linux");
  response.mutable_platform()->set_architecture(kArchitecture);
  co_return response;
}

SandboxApi::Reply<api::WaitSandboxResponse> SandboxApi::wait(api::SandboxRequest request) {
  KATA_CO_CHECK(check_known(request.sandbox_id()), "");
  co_await stopped_.wait();
  api::WaitSandboxResponse response;
  response.set_exit_status(exit_status_);
  *response.mutable_exited_at() = exited_at_;
  co_return response;
}

SandboxApi::Reply<api::SandboxStatusResponse> SandboxApi::status(
    api::SandboxStatusRequest request) {
  KATA_CO_CHECK(check_known(request.sandbox_id()), "");
  api::SandboxStatusResponse response;
  response.set_sandbox_id(id_);
  response.set_pid(static_cast<std::uint32_t>(pod_.vmm().pid));
  response.set_state(state_ == State::kReady ? kReadyWord : kNotReadyWord);
  *response.mutable_created_at() = created_at_;
  *response.mutable_exited_at() = exited_at_;
  if (!request.verbose()) co_return response;
  auto& info = *response.mutable_info();
  info["state"] = state_name();
  if (!failure_.empty()) info["failure"] = failure_;
  if (pod_.has_sandbox()) info["netns"] = pod_.netns();
  co_return response;
}

// The guest answers, not only the shim.
SandboxApi::Reply<SandboxApi::Empty> SandboxApi::ping(api::SandboxRequest request) {
  KATA_CO_CHECK(check_known(request.sandbox_id()), "");
  if (state_ != State::kReady) co_return not_ready();
  auto answer = co_await pod_.sandbox().forward("grpc.Health", "Check", std::string(), kPingTime);
  if (!answer.ok()) co_return in_context(std::move(answer).error(), concat("ping '", id_, "'"));
  co_return Empty();
}

SandboxApi::Reply<api::SandboxMetricsResponse> SandboxApi::metrics(api::SandboxRequest request) {
  KATA_CO_CHECK(check_known(request.sandbox_id()), "");
  if (state_ != State::kReady) co_return not_ready();
  KATA_CO_TRY(const std::string mountinfo, read_file("/proc/self/mountinfo", kLargestMountinfo),
              "");
  KATA_CO_TRY(auto counted, sandbox_metrics(pod_.cgroups(), sandbox::cgroup_mounts(mountinfo)),
              concat("metrics of sandbox '", id_, "'"));
  api::SandboxMetricsResponse response;
  *response.mutable_metrics()->mutable_timestamp() = now();
  response.mutable_metrics()->set_id(id_);
  *response.mutable_metrics()->mutable_data() = std::move(counted);
  co_return response;
}

}  // namespace kata::shim_v2
