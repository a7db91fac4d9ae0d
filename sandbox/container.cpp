// SPDX-License-Identifier: Apache-2.0
//
// Containers of a sandbox: their files are shared, their spec is rewritten, the agent makes them.
// And the calls that shims make to the agent through here.
#include <algorithm>
#include <utility>

#include "core/base/log.h"
#include "kata/concat.h"
#include "sandbox/guest_spec.h"
#include "sandbox/mount_points.h"
#include "sandbox/sandbox.h"

namespace kata::sandbox {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds kCleanUp{5};
constexpr std::chrono::milliseconds kReasonGrace{500};

// As large as half of the guest's memory: one with the size of the host's would let a container use
// up all of it.
void add_storage(grpc::CreateContainerRequest& request, const MemoryVolume& volume) {
  grpc::Storage& storage = *request.add_storages();
  storage.set_driver("ephemeral");
  storage.set_source("tmpfs");
  storage.set_fstype("tmpfs");
  storage.set_mount_point(concat(kGuestMemoryVolumes, '/', volume.name));
  if (volume.group != 0) storage.add_options(concat("fsgid=", volume.group));
}

}  // namespace

std::chrono::nanoseconds Sandbox::create_timeout() const {
  return std::chrono::seconds(config_.agent.create_container_timeout_s);
}

Error Sandbox::gone() const {
  if (!failure_.empty()) return make_error(ErrorCode::kUnavailable, failure_);
  if (fate_->sealed() && phase_ == Phase::kRunning)
    return make_error(ErrorCode::kUnavailable, fate_->reason());
  return make_error(ErrorCode::kUnavailable, phase_ < Phase::kRunning
                                                 ? "the sandbox is still being brought up"
                                                 : "the sandbox has been shut down");
}

Result<void> Sandbox::check_running() const {
  if (phase_ == Phase::kRunning && !fate_->sealed()) return {};
  return gone();
}

SandboxStatus Sandbox::status() const {
  SandboxStatus status;
  status.running = check_running().ok();
  if (!status.running) status.failure = gone().message;
  status.vmm_pid = vmm_pid_;
  for (const auto& [id, container] : containers_) status.containers.push_back(id);
  return status;
}

FileServer Sandbox::file_server() const {
  return phase_ == Phase::kRunning && file_server_ != nullptr ? file_server_->file_server()
                                                              : FileServer{};
}

asio::awaitable<Result<void>> Sandbox::create_container(ContainerRequest request) {
  KATA_CO_CHECK(check_running(), "");
  const std::string id = request.id;
  const auto [at, added] = containers_.try_emplace(id);
  if (!added)
    co_return make_error(ErrorCode::kAlreadyExists,
                         concat("container '", id, "' exists in this sandbox already"));
  auto created = co_await create_in_guest(std::move(request), at->second);
  if (created.ok()) {
    at->second.busy = false;
    co_return created;
  }
  auto undone = co_await unshare_all(std::move(at->second.share_ids));
  if (!undone.ok())
    log::warn("cannot undo a container's shares", {{"error", undone.error().message}});
  containers_.erase(at);
  co_return created;
}

asio::awaitable<Result<void>> Sandbox::create_in_guest(ContainerRequest request,
                                                       Container& container) {
  const ContainerHome home{request.id, request.bundle, request.rootfs,
                           config_.runtime.disable_guest_seccomp};
  KATA_CO_TRY(ContainerPlan plan, spec_for_guest(std::move(request.spec), home, look_up_host_file),
              "");
  for (const std::string& warning : plan.warnings) log::warn(warning, {{"container", request.id}});
  KATA_CO_CHECK(co_await share_all(plan, container), "");
  KATA_CO_CHECK(check_running(), "");
  grpc::CreateContainerRequest wanted;
  wanted.set_container_id(request.id);
  for (const MemoryVolume& volume : plan.memory_volumes) add_storage(wanted, volume);
  wanted.set_sandbox_pidns(plan.shares_processes);
  *wanted.mutable_oci() = std::move(plan.spec);
  auto created = co_await agent_->create_container(std::move(wanted), create_timeout());
  if (created.ok()) co_return created;
  if (created.error().code == ErrorCode::kTimeout) {
    // The guest may have made it in the meantime.
    static_cast<void>(co_await agent_->remove_container(request.id, kCleanUp));
    co_return make_error(ErrorCode::kTimeout,
                         concat("the guest's agent did not create the container within ",
                                config_.agent.create_container_timeout_s,
                                " s ([agent.kata] create_container_timeout)"));
  }
  if (co_await fate_->ended_by(std::chrono::steady_clock::now() + kReasonGrace)) co_return gone();
  co_return in_context(std::move(created).error(), "ask the guest's agent");
}

asio::awaitable<Result<void>> Sandbox::share_all(ContainerPlan& plan, Container& container) {
  KATA_CO_CHECK(check_running(), "");  // so that the shares come before a stop on the plugin thread
  auto share = [this, &plan, &container]() -> Result<void> {
    if (plan.spec.root().readonly()) {
      // Best effort: where the host cannot make one either, the agent says which it lacks.
      auto made = make_mount_points(plan.shares.front().request.host_path, plan.spec);
      if (!made.ok()) log::debug("mount points", {{"error", made.error().message}});
    }
    for (const PlannedShare& planned : plan.shares) {
      const Share shared =
          KATA_TRY(parts_.filesystem->share(planned.request),
                   concat("share '", planned.request.host_path, "' with the guest"));
      container.share_ids.push_back(shared.id);
      place(plan, planned, shared.guest_path);
    }
    return journal_.write_plugin_state("shared_filesystem", parts_.filesystem->save_state());
  };
  co_return co_await plugins_.run(std::move(share));
}

asio::awaitable<Result<void>> Sandbox::unshare_all(std::vector<std::string> share_ids) {
  if (phase_ >= Phase::kStopping) co_return Result<void>{};  // stopping takes every share with it
  std::reverse(share_ids.begin(), share_ids.end());
  auto unshare = [this, share_ids = std::move(share_ids)]() -> Result<void> {
    Result<void> first;
    for (const std::string& id : share_ids) {
      auto gone = parts_.filesystem->unshare(id);
      if (!gone.ok() && first.ok())
        first = in_context(std::move(gone).error(), concat("take back share '", id, "'"));
    }
    KATA_TRY(std::move(first), "");
    return journal_.write_plugin_state("shared_filesystem", parts_.filesystem->save_state());
  };
  co_return co_await plugins_.run(std::move(unshare));
}

asio::awaitable<Result<void>> Sandbox::remove_container(std::string id, Refusal refusal,
                                                        std::chrono::milliseconds guests_time) {
  KATA_CO_CHECK(check_running(), "");
  const auto at = containers_.find(id);
  if (at == containers_.end())
    co_return make_error(ErrorCode::kNotFound,
                         concat("container '", id, "' does not exist in this sandbox"));
  if (at->second.busy)
    co_return make_error(ErrorCode::kFailedPrecondition,
                         concat("container '", id, "' is being created or removed"));
  at->second.busy = true;
  auto removed = co_await remove_from_guest(id, guests_time);
  if (!removed.ok() && refusal == Refusal::kIgnored && check_running().ok()) {
    log::error("the guest keeps a container that the host removes",
               {{"container", id}, {"error", removed.error().message}});
    removed = {};
  }
  if (!removed.ok()) {
    at->second.busy = false;
    co_return removed;
  }
  auto unshared = co_await unshare_all(std::move(at->second.share_ids));
  containers_.erase(at);
  co_return unshared;
}

asio::awaitable<Result<void>> Sandbox::remove_from_guest(const std::string& id,
                                                         std::chrono::milliseconds time) {
  auto removed = co_await agent_->remove_container(id, time);
  if (removed.ok() || removed.error().code == ErrorCode::kNotFound) co_return Result<void>{};
  if (co_await fate_->ended_by(std::chrono::steady_clock::now() + kReasonGrace)) co_return gone();
  co_return in_context(std::move(removed).error(), "ask the guest's agent");
}

asio::awaitable<Result<std::string>> Sandbox::forward(std::string service, std::string method,
                                                      std::string payload,
                                                      std::chrono::nanoseconds timeout) {
  KATA_CO_CHECK(check_running(), "");
  auto reply =
      co_await agent_->forward(std::move(service), std::move(method), std::move(payload), timeout);
  if (reply.ok()) co_return reply;
  const ErrorCode code = reply.error().code;
  if (code != ErrorCode::kUnavailable && code != ErrorCode::kCancelled) co_return reply;
  // The connection may have gone with the guest; then the caller should hear why.
  if (co_await fate_->ended_by(std::chrono::steady_clock::now() + kReasonGrace)) co_return gone();
  co_return reply;
}

}  // namespace kata::sandbox
