// SPDX-License-Identifier: Apache-2.0
//
// grpc.Health: the agent is up, and of this version.
#include <utility>

#include "agent/rpc/services.h"
#include "agent/version.h"
#include "health.pb.h"

namespace asio = boost::asio;

namespace kata::agent {

void register_health(ttrpc::Server& server, std::function<void()> on_check) {
  constexpr const char* kHealth = "grpc.Health";
  ttrpc::handle<grpc::CheckRequest, grpc::HealthCheckResponse>(
      server, kHealth, "Check",
      [on_check = std::move(on_check)](
          grpc::CheckRequest) -> asio::awaitable<Result<grpc::HealthCheckResponse>> {
        on_check();
        grpc::HealthCheckResponse response;
        response.set_status(grpc::HealthCheckResponse::SERVING);
        co_return response;
      });
  ttrpc::handle<grpc::CheckRequest, grpc::VersionCheckResponse>(
      server, kHealth, "Version",
      [](grpc::CheckRequest) -> asio::awaitable<Result<grpc::VersionCheckResponse>> {
        grpc::VersionCheckResponse response;
        response.set_grpc_version(std::string(kApiVersion));
        response.set_agent_version(std::string(kAgentVersion));
        co_return response;
      });
}

}  // namespace kata::agent
