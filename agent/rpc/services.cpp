// SPDX-License-Identifier: Apache-2.0
#include "agent/rpc/services.h"

#include "agent.pb.h"
#include "agent/rpc/reply.h"

namespace asio = boost::asio;

namespace kata::agent {
namespace {

void register_sandbox_methods(ttrpc::Server& server, Sandbox& sandbox,
                              std::function<void()> on_destroyed) {
  handle_empty<grpc::CreateSandboxRequest>(server, "CreateSandbox",
                                           [&sandbox](grpc::CreateSandboxRequest request) {
                                             return sandbox.create(std::move(request));
                                           });
  handle_empty<grpc::DestroySandboxRequest>(
      server, "DestroySandbox",
      [&sandbox, on_destroyed = std::move(on_destroyed)](
          grpc::DestroySandboxRequest) -> asio::awaitable<Result<void>> {
        co_await sandbox.destroy();
        on_destroyed();
        co_return Result<void>();
      });
}

}  // namespace

void register_services(ttrpc::Server& server, Sandbox& sandbox, ModuleLoader& modules,
                       const AgentConfig& config, bool is_init,
                       std::function<void()> on_destroyed) {
  register_sandbox_methods(server, sandbox, std::move(on_destroyed));
  register_container_methods(server, sandbox);
  register_process_methods(server, sandbox);
  register_stream_methods(server, sandbox);
  register_guest_methods(server, is_init);
  register_network_methods(server, modules, config.hotplug_timeout);
  register_resource_methods(server, sandbox);
  register_event_methods(server, sandbox);
  register_hotplug_methods(server, sandbox);
  register_file_methods(server, sandbox);
  register_iptables_methods(server, sandbox);
  register_absent_methods(server);
}

}  // namespace kata::agent
