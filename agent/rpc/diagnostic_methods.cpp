// SPDX-License-Identifier: Apache-2.0
#include "agent.pb.h"
#include "agent/process_list.h"
#include "agent/rpc/services.h"
#include "kata/concat.h"

namespace asio = boost::asio;

namespace kata::agent {
namespace {

Result<std::string> diagnostic_data(Sandbox& sandbox,
                                    const grpc::GetDiagnosticDataRequest& request) {
  if (request.log_type() != "processes")
    return make_error(ErrorCode::kInvalidArgument,
                      concat("unknown log_type '", request.log_type(), "'"));
  const Container* container = sandbox.containers().find(request.container_id());
  if (container == nullptr)
    return make_error(ErrorCode::kNotFound,
                      concat("container '", request.container_id(), "' does not exist"));
  return list_processes(container->paths);
}

}  // namespace

void register_diagnostic_methods(ttrpc::Server& server, Sandbox& sandbox) {
  ttrpc::handle<grpc::GetDiagnosticDataRequest, grpc::GetDiagnosticDataResponse>(
      server, kAgentService, "GetDiagnosticData",
      [&sandbox](grpc::GetDiagnosticDataRequest request)
          -> asio::awaitable<Result<grpc::GetDiagnosticDataResponse>> {
        KATA_CO_TRY(std::string data, diagnostic_data(sandbox, request), "");
        grpc::GetDiagnosticDataResponse response;
        response.set_data(std::move(data));
        co_return response;
      });
}

}  // namespace kata::agent
