// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-proxy/service.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/log.h"
#include "kata/concat.h"
#include "sandbox.pb.h"
#include "sandbox/store.h"

namespace kata::proxy {

namespace asio = boost::asio;
namespace api = kata::sandbox;  // the messages of sandbox.proto live there too

namespace {

constexpr const char* kServiceName = "kata.sandbox.Sandbox";
constexpr std::int64_t kLongestPatienceMs = 600'000;

Result<void> check_peer(int client) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return errno_error("ask who connected", errno);
  if (peer.uid == 0 || peer.uid == ::geteuid()) return {};
  return make_error(ErrorCode::kPermission,
                    concat("process ", peer.pid, " of user ", peer.uid, " may not connect"));
}

asio::awaitable<void> finish(asio::awaitable<Result<void>> operation,
                             std::optional<Result<void>>& outcome) {
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  outcome = co_await std::move(operation);
}

// What has begun is finished, or undone, even if the caller goes away in the middle.
asio::awaitable<Result<void>> shielded(asio::awaitable<Result<void>> operation) {
  std::optional<Result<void>> outcome;
  const auto loop = co_await asio::this_coro::executor;
  co_await asio::co_spawn(loop, finish(std::move(operation), outcome), asio::use_awaitable);
  co_return std::move(*outcome);
}

Result<sandbox::ContainerRequest> container_request(api::CreateContainerRequest request) {
  KATA_TRY(sandbox::check_id(request.container_id()), "");
  sandbox::ContainerRequest wanted{request.container_id(), request.bundle(), request.rootfs(),
                                   std::move(*request.mutable_spec())};
  if (!wanted.bundle.is_absolute() || !wanted.rootfs.is_absolute())
    return make_error(ErrorCode::kInvalidArgument, "bundle and rootfs must be absolute paths");
  return wanted;
}

}  // namespace

Service::Service(asio::any_io_executor loop, UniqueFd listener, sandbox::Sandbox& sandbox)
    : loop_(loop),
      listener_(loop, listener.release()),
      sandbox_(sandbox),
      ooms_(loop, sandbox),
      idle_(loop) {
  ::fcntl(listener_.native_handle(), F_SETFL, O_NONBLOCK);
  register_methods();
}

void Service::register_methods() {
  ttrpc::handle<api::StatusRequest, api::StatusResponse>(
      server_, kServiceName, "Status",
      [this](api::StatusRequest) -> asio::awaitable<Result<api::StatusResponse>> {
        const sandbox::SandboxStatus status = sandbox_.status();
        api::StatusResponse response;
        response.set_running(status.running);
        response.set_failure(status.failure);
        response.set_vmm_pid(status.vmm_pid);
        for (const std::string& id : status.containers) response.add_containers(id);
        co_return response;
      });
  ttrpc::handle<api::CreateContainerRequest, api::CreateContainerResponse>(
      server_, kServiceName, "CreateContainer",
      [this](api::CreateContainerRequest request)
          -> asio::awaitable<Result<api::CreateContainerResponse>> {
        KATA_CO_TRY(auto wanted, container_request(std::move(request)), "");
        KATA_CO_CHECK(co_await shielded(sandbox_.create_container(std::move(wanted))), "");
        co_return api::CreateContainerResponse();
      });
  ttrpc::handle<api::RemoveContainerRequest, api::RemoveContainerResponse>(
      server_, kServiceName, "RemoveContainer",
      [this](api::RemoveContainerRequest request)
          -> asio::awaitable<Result<api::RemoveContainerResponse>> {
        KATA_CO_CHECK(co_await shielded(sandbox_.remove_container(request.container_id())), "");
        co_return api::RemoveContainerResponse();
      });
  ttrpc::handle<api::WaitOomRequest, api::WaitOomResponse>(
      server_, kServiceName, "WaitOom",
      [this](api::WaitOomRequest request) -> asio::awaitable<Result<api::WaitOomResponse>> {
        return ooms_.wait(std::move(request));
      });
  ttrpc::handle<api::ShutdownRequest, api::ShutdownResponse>(
      server_, kServiceName, "Shutdown",
      [this](api::ShutdownRequest request) -> asio::awaitable<Result<api::ShutdownResponse>> {
        const auto wanted = std::clamp<std::int64_t>(request.timeout_ms(), 0, kLongestPatienceMs);
        const std::chrono::milliseconds patience(wanted);
        KATA_CO_CHECK(co_await shielded(sandbox_.shutdown(patience)), "");
        co_return api::ShutdownResponse();
      });
  server_.set_fallback([this](std::string service, std::string method, std::string payload,
                              std::chrono::nanoseconds timeout) {
    return sandbox_.forward(std::move(service), std::move(method), std::move(payload), timeout);
  });
}

asio::awaitable<void> Service::accept_clients() {
  while (!closing_) {
    const auto [error] = co_await listener_.async_wait(asio::posix::stream_descriptor::wait_read,
                                                       asio::as_tuple(asio::use_awaitable));
    if (error || closing_) co_return;
    UniqueFd client(::accept4(listener_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))
      co_await sandbox::sleep_until(std::chrono::steady_clock::now() +
                                    std::chrono::milliseconds(100));
    if (!client) continue;
    if (auto allowed = check_peer(client.get()); !allowed.ok()) {
      log::warn("refused a connection", {{"error", allowed.error().message}});
      continue;
    }
    asio::co_spawn(loop_, serve(std::move(client)), asio::detached);
  }
}

asio::awaitable<void> Service::serve(UniqueFd client) {
  ++clients_;
  const Error why = co_await server_.serve(std::move(client));
  log::debug("a client has gone", {{"reason", why.message}});
  --clients_;
  if (closing_ && clients_ == 0) idle_.set();
}

asio::awaitable<void> Service::drain(Deadline deadline) {
  closing_ = true;
  listener_.close();
  if (clients_ != 0) co_await idle_.wait_until(deadline);
}

}  // namespace kata::proxy
