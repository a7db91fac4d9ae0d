// SPDX-License-Identifier: Apache-2.0

#include "agent.pb.h"
#include "agent/iptables.h"
#include "agent/rpc/reply.h"

namespace asio = boost::asio;

namespace kata::agent {
namespace {

IpFamily family_of(bool is_ipv6) { return is_ipv6 ? IpFamily::kV6 : IpFamily::kV4; }

asio::awaitable<Result<grpc::GetIPTablesResponse>> get(Signals& signals, bool is_ipv6) {
  KATA_CO_TRY(std::string rules, co_await save_iptables(signals, family_of(is_ipv6)), "");
  grpc::GetIPTablesResponse response;
  response.set_data(std::move(rules));
  co_return response;
}

asio::awaitable<Result<grpc::SetIPTablesResponse>> set(Signals& signals,
                                                       grpc::SetIPTablesRequest request) {
  KATA_CO_TRY(std::string said,
              co_await restore_iptables(signals, family_of(request.is_ipv6()),
                                        std::move(*request.mutable_data())),
              "");
  grpc::SetIPTablesResponse response;
  response.set_data(std::move(said));
  co_return response;
}

}  // namespace

void register_iptables_methods(ttrpc::Server& server, Sandbox& sandbox) {
  Signals& signals = sandbox.signals();
  ttrpc::handle<grpc::GetIPTablesRequest, grpc::GetIPTablesResponse>(
      server, kAgentService, "GetIPTables", [&signals](const grpc::GetIPTablesRequest& request) {
        return get(signals, request.is_ipv6());
      });
  ttrpc::handle<grpc::SetIPTablesRequest, grpc::SetIPTablesResponse>(
      server, kAgentService, "SetIPTables",
      [&signals](grpc::SetIPTablesRequest request) { return set(signals, std::move(request)); });
}

}  // namespace kata::agent
