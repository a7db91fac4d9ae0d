// SPDX-License-Identifier: Apache-2.0
//
// A guest whose agent has processes that the test moves on: what they print and when they end.
// Threads: the loop's only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "agent.pb.h"
#include "health.pb.h"
#include "kata/unix_socket.h"
#include "protocol/ttrpc/server.h"
#include "sandbox/event.h"
#include "sandbox/socket_server.h"

namespace kata::test {

struct GuestProcess {
  std::string output{}, input{};
  std::size_t most = 1 << 20;  // bytes a read answers with, whatever was asked for
  bool input_ended = false;
  std::optional<int> code{};
};

class Guest {
 public:
  Guest(boost::asio::io_context& loop, const std::filesystem::path& socket)
      : server_(loop.get_executor(), listen_unix(socket).take(), methods_) {
    answer("grpc.Health", "Check", [](const std::string&) {
      grpc::HealthCheckResponse response;
      response.set_status(grpc::HealthCheckResponse::SERVING);
      return response.SerializeAsString();
    });
    for (const char* method : {"CreateSandbox", "DestroySandbox", "UpdateInterface", "UpdateRoutes",
                               "AddARPNeighbors", "TtyWinResize", "PauseContainer",
                               "ResumeContainer", "UpdateContainer", "RemoveContainer"})
      answer("grpc.AgentService", method, [](const std::string&) { return std::string(); });
    register_processes();
    register_streams();
    boost::asio::co_spawn(loop, server_.accept_clients(), boost::asio::detached);
  }

  std::map<std::string, GuestProcess> processes{};  // by exec id
  std::map<std::string, std::string> payloads{};    // the last of each method
  std::set<std::string> silent{};                   // methods that are never answered
  bool deaf = false;                                // a signal ends no process
  std::string failing{};                            // the one that fails
  std::string oom{};                                // the container that runs out of memory next

 private:
  using Reply = boost::asio::awaitable<Result<std::string>>;

  static boost::asio::awaitable<void> moment() {
    co_await sandbox::sleep_until(std::chrono::steady_clock::now() + std::chrono::milliseconds(2));
  }

  template <class Do>
  void answer(const char* service, const char* method, Do act) {
    methods_.handle(service, method, [this, method, act](std::string payload) -> Reply {
      payloads[method] = payload;
      while (silent.contains(method)) co_await moment();
      if (failing == method) co_return make_error(ErrorCode::kInternal, "planted failure");
      co_return act(payload);
    });
  }

  template <class Request>
  GuestProcess& process_of(const std::string& payload) {
    Request request;
    request.ParseFromString(payload);
    return processes[request.exec_id()];
  }

  void register_processes() {
    answer("grpc.AgentService", "CreateContainer", [this](const std::string& payload) {
      grpc::CreateContainerRequest request;
      request.ParseFromString(payload);
      processes[request.container_id()];
      return std::string();
    });
    answer("grpc.AgentService", "StartContainer", [](const std::string&) { return std::string(); });
    answer("grpc.AgentService", "ExecProcess", [this](const std::string& payload) {
      process_of<grpc::ExecProcessRequest>(payload);
      return std::string();
    });
    answer("grpc.AgentService", "SignalProcess", [this](const std::string& payload) {
      grpc::SignalProcessRequest request;
      request.ParseFromString(payload);
      if (!deaf && (request.signal() == 9 || request.signal() == 15))
        processes[request.exec_id().empty() ? request.container_id() : request.exec_id()].code =
            128 + static_cast<int>(request.signal());
      return std::string();
    });
    answer("grpc.AgentService", "StatsContainer", [](const std::string&) {
      grpc::StatsContainerResponse stats;
      stats.mutable_cgroup_stats()->mutable_pids_stats()->set_current(5);
      return stats.SerializeAsString();
    });
    methods_.handle("grpc.AgentService", "WaitProcess", [this](std::string payload) -> Reply {
      GuestProcess& process = process_of<grpc::WaitProcessRequest>(payload);
      while (!process.code) co_await moment();
      grpc::WaitProcessResponse response;
      response.set_status(*process.code);
      co_return response.SerializeAsString();
    });
    methods_.handle("grpc.AgentService", "GetOOMEvent", [this](std::string) -> Reply {
      while (oom.empty()) co_await moment();
      grpc::OOMEvent event;
      event.set_container_id(std::exchange(oom, {}));
      co_return event.SerializeAsString();
    });
  }

  void register_streams() {
    methods_.handle("grpc.AgentService", "ReadStdout", [this](std::string payload) -> Reply {
      GuestProcess& process = process_of<grpc::ReadStreamRequest>(payload);
      while (process.output.empty() && !process.code) co_await moment();
      grpc::ReadStreamResponse response;
      response.set_data(process.output.substr(0, process.most));
      process.output.erase(0, process.most);
      co_return response.SerializeAsString();
    });
    methods_.handle("grpc.AgentService", "ReadStderr", [this](std::string payload) -> Reply {
      GuestProcess& process = process_of<grpc::ReadStreamRequest>(payload);
      while (!process.code) co_await moment();
      co_return std::string();
    });
    answer("grpc.AgentService", "WriteStdin", [this](const std::string& payload) {
      grpc::WriteStreamRequest request;
      request.ParseFromString(payload);
      processes[request.exec_id()].input += request.data();
      return std::string();
    });
    answer("grpc.AgentService", "CloseStdin", [this](const std::string& payload) {
      process_of<grpc::CloseStdinRequest>(payload).input_ended = true;
      return std::string();
    });
  }

  ttrpc::Server methods_{};
  sandbox::SocketServer server_;
};

}  // namespace kata::test
