// SPDX-License-Identifier: Apache-2.0
//
// A management socket in front of a made-up sandbox, and clients of every kind.
#include "sandbox/management/server.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <optional>
#include <thread>

#include "agent.pb.h"
#include "kata/concat.h"
#include "kata/unix_socket.h"

using namespace kata;
using namespace kata::management;
namespace asio = boost::asio;

namespace {

class MadeUp final : public Subject {
 public:
  std::vector<HostProcess> processes() const override {
    return {{"kata_shim", ::getpid()}, {"kata_hypervisor", -1}};
  }
  std::string agent_url() const override { return "unix:///run/x/proxy.sock"; }
  asio::awaitable<Result<std::string>> ask_agent(std::string method, std::string payload,
                                                 std::chrono::nanoseconds) override {
    asked = method;
    if (failure) co_return *failure;
    if (method == "GetMetrics") {
      grpc::Metrics metrics;
      metrics.set_metrics("kata_guest_load 1\nkata_shim_threads 77\n");
      co_return metrics.SerializeAsString();
    }
    if (method == "SetIPTables") {
      grpc::SetIPTablesRequest request;
      REQUIRE(request.ParseFromString(payload));
      rules = request.data();
      v6 = request.is_ipv6();
      co_return std::string();
    }
    grpc::GetIPTablesResponse reply;
    reply.set_data("*filter\x1b\n");
    co_return reply.SerializeAsString();
  }

  std::optional<Error> failure{};
  std::string asked{}, rules{};
  bool v6 = false;
};

class Stage {
 public:
  explicit Stage(Limits limits = {}) : server_(loop_.get_executor(), listen(), subject, limits) {
    asio::co_spawn(loop_, server_.accept_clients(), asio::detached);
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~Stage() {
    loop_.stop();
    thread_.join();
    ::unlink(path().c_str());
  }

  UniqueFd connect() const { return connect_unix(path()).take(); }

  // Sends `text` and returns all that comes back.
  std::string ask(const std::string& text) const {
    const UniqueFd client = connect();
    send_all(client, text);
    return rest_of(client);
  }

  static void send_all(const UniqueFd& client, std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  static std::string rest_of(const UniqueFd& client) {
    std::string all, piece(4096, '\0');
    for (ssize_t got = 0; (got = ::read(client.get(), piece.data(), piece.size())) > 0;)
      all.append(piece, 0, static_cast<std::size_t>(got));
    return all;
  }

  void drain() {
    asio::co_spawn(loop_, server_.drain(std::chrono::steady_clock::now() + std::chrono::minutes(1)),
                   asio::use_future)
        .get();
  }

  MadeUp subject{};

 private:
  static std::string path() { return concat("/tmp/management-test.", ::getpid()); }
  static UniqueFd listen() {
    ::unlink(path().c_str());
    return listen_unix(path()).take();
  }

  asio::io_context loop_{1};
  Server server_;
  std::thread thread_{};
};

std::string request(const std::string& line, const std::string& body = "") {
  const std::string length = body.empty() ? "" : concat("Content-Length: ", body.size(), "\r\n");
  return concat(line, " HTTP/1.1\r\nHost: localhost\r\n", length, "\r\n", body);
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("metrics are the host's processes and the guest's own families") {
  const Stage stage;
  const std::string reply = stage.ask(request("GET /metrics"));
  CHECK(reply.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4"));
  CHECK(contains(reply, "\nkata_shim_threads 2\n"));
  CHECK(reply.ends_with("\nkata_guest_load 1\n"));
}

TEST_CASE("the host's metrics are shown when the agent does not answer") {
  Stage stage;
  stage.subject.failure = make_error(ErrorCode::kTimeout, "no reply\nkata_shim_threads 99");
  const std::string reply = stage.ask(request("GET /metrics"));
  CHECK(reply.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(contains(reply, "\nkata_shim_threads 2\n"));
  CHECK(
      reply.ends_with("\n# no metrics of the guest: GetMetrics: no reply kata_shim_threads 99\n"));
}

TEST_CASE("the agent's address and the guest's packet filter are read") {
  Stage stage;
  CHECK(stage.ask(request("GET /agent-url")).ends_with("\r\n\r\nunix:///run/x/proxy.sock"));
  CHECK(stage.ask(request("GET /iptables")).ends_with("\r\n\r\n*filter?\n"));
  CHECK(stage.subject.asked == "GetIPTables");
}

TEST_CASE("rules are set to the body in one piece or many") {
  Stage stage;
  const std::string rules(100'000, 'r');
  CHECK(stage.ask(request("PUT /ip6tables", rules)).starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(stage.subject.rules == rules);
  CHECK(stage.subject.v6);
  const UniqueFd slow = stage.connect();
  for (const char c : request("PUT /iptables", "tiny")) Stage::send_all(slow, std::string(1, c));
  CHECK(Stage::rest_of(slow).starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(stage.subject.rules == "tiny");
  CHECK_FALSE(stage.subject.v6);
}

TEST_CASE("a client that waits for permission gets it before its body") {
  const Stage stage;
  const UniqueFd client = stage.connect();
  Stage::send_all(client,
                  "PUT /iptables HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
                  "Expect: 100-continue\r\n\r\n");
  std::string permission(25, '\0');
  REQUIRE(::recv(client.get(), permission.data(), permission.size(), MSG_WAITALL) == 25);
  CHECK(permission == "HTTP/1.1 100 Continue\r\n\r\n");
  Stage::send_all(client, "rule");
  CHECK(Stage::rest_of(client).starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_CASE("failures of the agent have the status of a gateway") {
  Stage stage;
  const std::pair<ErrorCode, const char*> rows[] = {{ErrorCode::kTimeout, "504"},
                                                    {ErrorCode::kUnavailable, "503"},
                                                    {ErrorCode::kInternal, "502"}};
  for (const auto& [code, status] : rows) {
    stage.subject.failure = make_error(code, "why");
    const std::string reply = stage.ask(request("GET /iptables"));
    CHECK(reply.starts_with(concat("HTTP/1.1 ", status, " ")));
    CHECK(reply.ends_with("\r\n\r\nGetIPTables: why\n"));
  }
}

TEST_CASE("what is not offered is refused with the reason") {
  Stage stage;
  const std::pair<std::string, const char*> rows[] = {
      {request("GET /nothing"), "404"},
      {request("GET /metrics/"), "404"},
      {request("POST /metrics", "x"), "405"},
      {request("PUT /metrics", "x"), "405"},
      {request("HEAD /metrics"), "405"},
      {request("PUT /iptables"), "411"},
      {request("GET /metrics", "body"), "400"},
      {request("GET /metrics") + request("GET /metrics"), "400"},
      {"GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", "413"},
      {std::string(10'000, 'x'), "431"},
      {concat("GET /metrics HTTP/1.1\r\nA: ", std::string(9000, 'x'), "\r\n\r\n"), "431"},
  };
  for (const auto& [text, status] : rows)
    CHECK_MESSAGE(stage.ask(text).starts_with(concat("HTTP/1.1 ", status, " ")), text);
  CHECK(stage.subject.asked == "");
}

TEST_CASE("a client that stalls is told so and one that hangs up is forgotten") {
  Limits limits;
  limits.request = std::chrono::milliseconds(200);
  const Stage stage(limits);
  for (const char* part : {"", "GET /metr",
                           "PUT /iptables HTTP/1.1\r\nHost: x\r\n"
                           "Content-Length: 10\r\n\r\nhalf"})
    CHECK_MESSAGE(stage.ask(part).starts_with("HTTP/1.1 408 "), part);
  for (int i = 0; i < 20; ++i) Stage::send_all(stage.connect(), "GET /metrics HTT");
  CHECK(stage.ask(request("GET /agent-url")).starts_with("HTTP/1.1 200 "));
}

TEST_CASE("clients beyond the limit wait for a place") {
  Limits limits;
  limits.clients = 2;
  limits.request = std::chrono::seconds(2);
  const Stage stage(limits);
  const UniqueFd first = stage.connect(), second = stage.connect();
  CHECK(stage.ask(request("GET /agent-url")).starts_with("HTTP/1.1 200 "));
  CHECK(Stage::rest_of(first).starts_with("HTTP/1.1 408 "));
}

TEST_CASE("a drained server has answered its clients and takes no more") {
  Stage stage;
  const UniqueFd client = stage.connect();
  Stage::send_all(client, request("GET /agent-url"));
  CHECK(Stage::rest_of(client).starts_with("HTTP/1.1 200 "));
  stage.drain();
  const auto late = connect_unix(concat("/tmp/management-test.", ::getpid()));
  CHECK_FALSE(late.ok());
}
