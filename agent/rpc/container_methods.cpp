// SPDX-License-Identifier: Apache-2.0
#include "agent.pb.h"
#include "agent/rpc/reply.h"

namespace asio = boost::asio;

namespace kata::agent {

void register_container_methods(ttrpc::Server& server, Sandbox& sandbox) {
  handle_empty<grpc::CreateContainerRequest>(server, "CreateContainer",
                                             [&sandbox](grpc::CreateContainerRequest request) {
                                               return sandbox.create_container(std::move(request));
                                             });
  handle_empty<grpc::StartContainerRequest>(
      server, "StartContainer", [&sandbox](const grpc::StartContainerRequest& request) {
        return sandbox.start_container(request.container_id());
      });
  handle_empty<grpc::RemoveContainerRequest>(
      server, "RemoveContainer",
      [&sandbox](grpc::RemoveContainerRequest request) -> asio::awaitable<Result<void>> {
        co_return co_await sandbox.remove_container(request.container_id(), request.timeout());
      });
}

}  // namespace kata::agent
