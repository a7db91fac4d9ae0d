// SPDX-License-Identifier: Apache-2.0
//
// What the host watches: lack of memory, numbers, and the last words of a container.
#include "agent.pb.h"
#include "agent/container_resources.h"
#include "agent/metrics.h"
#include "agent/process_list.h"
#include "agent/rpc/reply.h"
#include "kata/concat.h"

namespace asio = boost::asio;

namespace kata::agent {
namespace {

asio::awaitable<Result<grpc::OOMEvent>> next_oom(Sandbox& sandbox) {
  KATA_CO_TRY(std::string id, co_await sandbox.oom_watch().next(), "");
  grpc::OOMEvent event;
  event.set_container_id(std::move(id));
  co_return event;
}

Result<grpc::GetDiagnosticDataResponse> diagnostic_data(
    Sandbox& sandbox, const grpc::GetDiagnosticDataRequest& request) {
  grpc::GetDiagnosticDataResponse response;
  if (request.log_type() == "processes") {
    const Container* container = sandbox.containers().find(request.container_id());
    if (container == nullptr)
      return make_error(ErrorCode::kNotFound,
                        concat("container '", request.container_id(), "' does not exist"));
    response.set_data(KATA_TRY(list_processes(container->paths), ""));
    return response;
  }
  if (request.log_type() != "termination_log")
    return make_error(ErrorCode::kInvalidArgument,
                      "log_type: unknown; there are 'termination_log' and 'processes'");
  response.set_data(KATA_TRY(termination_log(sandbox.containers(), request.container_id()), ""));
  return response;
}

}  // namespace

void register_event_methods(ttrpc::Server& server, Sandbox& sandbox) {
  ttrpc::handle<grpc::GetOOMEventRequest, grpc::OOMEvent>(
      server, kAgentService, "GetOOMEvent",
      [&sandbox](const grpc::GetOOMEventRequest&) { return next_oom(sandbox); });
  answer_now<grpc::GetMetricsRequest, grpc::Metrics>(
      server, "GetMetrics",
      [scrapes = std::make_shared<std::uint64_t>(0)](const grpc::GetMetricsRequest&) {
        grpc::Metrics response;
        response.set_metrics(metrics(++*scrapes));
        return Result<grpc::Metrics>(std::move(response));
      });
  answer_now<grpc::GetDiagnosticDataRequest, grpc::GetDiagnosticDataResponse>(
      server, "GetDiagnosticData", [&sandbox](const grpc::GetDiagnosticDataRequest& request) {
        return diagnostic_data(sandbox, request);
      });
}

}  // namespace kata::agent
