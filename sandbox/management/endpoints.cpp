// SPDX-License-Identifier: Apache-2.0
#include "sandbox/management/endpoints.h"

#include <algorithm>
#include <utility>

#include "agent.pb.h"
#include "kata/concat.h"
#include "sandbox/guest_metrics.h"
#include "sandbox/process_metrics.h"

namespace kata::management {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds kMetricsTime{5}, kRulesTime{20};

struct Endpoint {
  std::string_view path, methods;
};

constexpr Endpoint kEndpoints[] = {
    {"/metrics", "GET"},
    {"/agent-url", "GET"},
    {"/iptables", "GET, PUT"},
    {"/ip6tables", "GET, PUT"},
};

const Endpoint* find_endpoint(std::string_view path) {
  for (const Endpoint& endpoint : kEndpoints)
    if (endpoint.path == path) return &endpoint;
  return nullptr;
}

std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c != '\n' && (c < ' ' || c > '~'); }, '?');
  return text;
}

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return printable(std::move(text)) + '\n';
}

Response failure_of_agent(const Error& error) {
  const int status = error.code == ErrorCode::kTimeout       ? 504
                     : error.code == ErrorCode::kUnavailable ? 503
                                                             : 502;
  return refusal(status, error.message);
}

template <class Reply, class Request>
asio::awaitable<Result<Reply>> ask(Subject& subject, std::string method, Request request,
                                   std::chrono::nanoseconds timeout) {
  std::string payload = request.SerializeAsString();
  auto bytes = co_await subject.ask_agent(method, std::move(payload), timeout);
  if (!bytes.ok()) co_return in_context(std::move(bytes).error(), method);
  Reply reply;
  if (!reply.ParseFromString(bytes.value()))
    co_return make_error(ErrorCode::kInternal, concat(method, ": the reply is not valid"));
  co_return reply;
}

asio::awaitable<Response> metrics(Subject& subject) {
  Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  for (const HostProcess& process : subject.processes())
    response.body += sandbox::process_metrics(process.metrics_prefix, process.pid);
  grpc::GetMetricsRequest request;
  const auto reply = co_await ask<grpc::Metrics>(subject, "GetMetrics", request, kMetricsTime);
  if (reply.ok()) {
    response.body += sandbox::guest_metrics(reply.value().metrics());
    co_return response;
  }
  // The host's are worth having without the guest's. A collector skips the comment.
  response.body += "# no metrics of the guest: " + one_line(reply.error().message);
  co_return response;
}

asio::awaitable<Response> get_rules(Subject& subject, bool v6) {
  grpc::GetIPTablesRequest request;
  request.set_is_ipv6(v6);
  auto reply = co_await ask<grpc::GetIPTablesResponse>(subject, "GetIPTables", request, kRulesTime);
  if (!reply.ok()) co_return failure_of_agent(reply.error());
  Response response;
  response.body = printable(reply.value().data());
  co_return response;
}

asio::awaitable<Response> set_rules(Subject& subject, bool v6, std::string rules) {
  grpc::SetIPTablesRequest request;
  request.set_is_ipv6(v6);
  request.set_data(std::move(rules));
  auto reply = co_await ask<grpc::SetIPTablesResponse>(subject, "SetIPTables", request, kRulesTime);
  if (!reply.ok()) co_return failure_of_agent(reply.error());
  Response response;
  response.body = printable(reply.value().data());
  co_return response;
}

}  // namespace

std::optional<Response> refuse_early(const RequestHead& head) {
  const Endpoint* const endpoint = find_endpoint(head.path);
  if (endpoint == nullptr) return refusal(404, concat("no such page: ", head.path));
  const bool reads = head.method == "GET";
  const bool writes = head.method == "PUT" && endpoint->methods != "GET";
  if (!reads && !writes) {
    Response refused = refusal(405, concat(head.path, " takes ", endpoint->methods));
    refused.allow = endpoint->methods;
    return refused;
  }
  if (writes && !head.has_length) return refusal(411, "Content-Length is missing");
  if (reads && head.body_bytes != 0) return refusal(400, "a GET has no body");
  return std::nullopt;
}

asio::awaitable<Response> answer(Subject& subject, RequestHead head, std::string body) {
  if (auto refused = refuse_early(head)) co_return std::move(*refused);
  if (head.path == "/metrics") co_return co_await metrics(subject);
  if (head.path == "/agent-url") {
    Response response;
    response.body = subject.agent_url();
    co_return response;
  }
  const bool v6 = head.path == "/ip6tables";
  if (head.method == "GET") co_return co_await get_rules(subject, v6);
  co_return co_await set_rules(subject, v6, std::move(body));
}

}  // namespace kata::management
