// SPDX-License-Identifier: Apache-2.0
#include "agent.pb.h"
#include "agent/rpc/reply.h"

namespace asio = boost::asio;

namespace kata::agent {
namespace {

asio::awaitable<Result<grpc::WaitProcessResponse>> wait_process(Sandbox& sandbox,
                                                                grpc::WaitProcessRequest request) {
  KATA_CO_TRY(const int status, co_await sandbox.wait(request.container_id(), request.exec_id()),
              "");
  grpc::WaitProcessResponse response;
  response.set_status(status);
  co_return response;
}

}  // namespace

void register_process_methods(ttrpc::Server& server, Sandbox& sandbox) {
  handle_now<grpc::ExecProcessRequest>(
      server, "ExecProcess",
      [&sandbox](const grpc::ExecProcessRequest& request) { return sandbox.exec(request); });
  handle_now<grpc::SignalProcessRequest>(
      server, "SignalProcess", [&sandbox](const grpc::SignalProcessRequest& request) {
        return sandbox.signal(request.container_id(), request.exec_id(),
                              static_cast<int>(request.signal()));
      });
  ttrpc::handle<grpc::WaitProcessRequest, grpc::WaitProcessResponse>(
      server, kAgentService, "WaitProcess", [&sandbox](grpc::WaitProcessRequest request) {
        return wait_process(sandbox, std::move(request));
      });
}

}  // namespace kata::agent
