// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/sandbox_service.h"

#include "programs/containerd-shim-kata-v2/method_table.h"

namespace kata::shim_v2 {

namespace {

constexpr const char* kService = "containerd.runtime.sandbox.v1.Sandbox";

boost::asio::awaitable<Result<std::string>> refuse_update(std::string) {
  co_return make_error(ErrorCode::kUnsupported,
                       "a sandbox cannot be updated: the size of its VM is decided when it is "
                       "created; its containers can be updated");
}

}  // namespace

void register_sandbox_service(ttrpc::Server& server, SandboxApi& sandbox) {
  constexpr auto kFinish = WhenCallerGoes::kFinish, kGiveUp = WhenCallerGoes::kGiveUp;
  add_method(server, kService, "CreateSandbox", sandbox, &SandboxApi::create, kFinish);
  add_method(server, kService, "StartSandbox", sandbox, &SandboxApi::start, kFinish);
  add_method(server, kService, "StopSandbox", sandbox, &SandboxApi::stop, kFinish);
  add_method(server, kService, "ShutdownSandbox", sandbox, &SandboxApi::shut_down, kFinish);
  add_method(server, kService, "Platform", sandbox, &SandboxApi::platform, kGiveUp);
  add_method(server, kService, "WaitSandbox", sandbox, &SandboxApi::wait, kGiveUp);
  add_method(server, kService, "SandboxStatus", sandbox, &SandboxApi::status, kGiveUp);
  add_method(server, kService, "PingSandbox", sandbox, &SandboxApi::ping, kGiveUp);
  add_method(server, kService, "SandboxMetrics", sandbox, &SandboxApi::metrics, kGiveUp);
  server.handle(kService, "UpdateSandbox", refuse_update);
}

}  // namespace kata::shim_v2
