// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-proxy/service.h"

#include <algorithm>
#include <utility>

#include "sandbox.pb.h"
#include "sandbox/shielded.h"
#include "sandbox/store.h"

namespace kata::proxy {

namespace asio = boost::asio;
namespace api = kata::sandbox;  // the messages of sandbox.proto live there too

namespace {

constexpr const char* kServiceName = "kata.sandbox.Sandbox";
constexpr std::int64_t kLongestPatienceMs = 600'000;

std::chrono::milliseconds patience_of(std::int64_t milliseconds) {
  return std::chrono::milliseconds(std::clamp<std::int64_t>(milliseconds, 0, kLongestPatienceMs));
}

Deadline end_of(std::int64_t milliseconds) {
  return std::chrono::steady_clock::now() + patience_of(milliseconds);
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
    : sandbox_(sandbox), ooms_(loop, sandbox), clients_(loop, std::move(listener), server_) {
  register_methods();
  register_waits();
}

void Service::register_waits() {
  ttrpc::handle<api::AwaitNetworkRequest, api::AwaitNetworkResponse>(
      server_, kServiceName, "AwaitNetwork",
      [this](
          api::AwaitNetworkRequest request) -> asio::awaitable<Result<api::AwaitNetworkResponse>> {
        api::AwaitNetworkResponse response;
        const bool complete = co_await sandbox_.network_settled(end_of(request.timeout_ms()));
        response.set_complete(complete);
        co_return response;
      });
  ttrpc::handle<api::WaitOomRequest, api::WaitOomResponse>(
      server_, kServiceName, "WaitOom",
      [this](api::WaitOomRequest request) -> asio::awaitable<Result<api::WaitOomResponse>> {
        return ooms_.wait(std::move(request));
      });
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
        KATA_CO_CHECK(co_await sandbox::shielded(sandbox_.create_container(std::move(wanted))), "");
        co_return api::CreateContainerResponse();
      });
  ttrpc::handle<api::RemoveContainerRequest, api::RemoveContainerResponse>(
      server_, kServiceName, "RemoveContainer",
      [this](api::RemoveContainerRequest request)
          -> asio::awaitable<Result<api::RemoveContainerResponse>> {
        KATA_CO_CHECK(co_await sandbox::shielded(sandbox_.remove_container(request.container_id())),
                      "");
        co_return api::RemoveContainerResponse();
      });
  ttrpc::handle<api::ShutdownRequest, api::ShutdownResponse>(
      server_, kServiceName, "Shutdown",
      [this](api::ShutdownRequest request) -> asio::awaitable<Result<api::ShutdownResponse>> {
        const auto patience = patience_of(request.timeout_ms());
        KATA_CO_CHECK(co_await sandbox::shielded(sandbox_.shutdown(patience)), "");
        co_return api::ShutdownResponse();
      });
  server_.set_fallback([this](std::string service, std::string method, std::string payload,
                              std::chrono::nanoseconds timeout) {
    return sandbox_.forward(std::move(service), std::move(method), std::move(payload), timeout);
  });
}

}  // namespace kata::proxy
