// SPDX-License-Identifier: Apache-2.0
//
// kata-agent as an ordinary process, with a busybox root filesystem and a client. Everything it
// makes is below one temporary directory and one cgroup name; leftovers() tells what is still
// there.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "agent.pb.h"
#include "health.pb.h"
#include "kata/child_process.h"
#include "kata/result.h"
#include "kata/unix_socket.h"
#include "protocol/ttrpc/blocking_client.h"
#include "tests/temporary_directory.h"

inline kata::Deadline in_seconds(int seconds) {
  return std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
}

// One connection; calls fail at a deadline of 20 seconds.
class AgentConnection {
 public:
  explicit AgentConnection(const std::filesystem::path& socket);

  template <class Response, class Request>
  kata::Result<Response> call(std::string_view method, const Request& request) {
    return kata::ttrpc::call<Response>(client_, "grpc.AgentService", method, request,
                                       in_seconds(20));
  }

  // The error's code, or kata::ErrorCode{} when the call succeeds; the reply is not looked at.
  template <class Request>
  kata::Result<void> send(std::string_view method, const Request& request) {
    const auto reply =
        client_.call("grpc.AgentService", method, request.SerializeAsString(), in_seconds(20));
    if (!reply.ok()) return reply.error();
    return {};
  }

  kata::ttrpc::BlockingClient& raw() { return client_; }

 private:
  kata::ttrpc::BlockingClient client_;
};

class AgentProcess {
 public:
  // With a sandbox.
  explicit AgentProcess(const std::vector<std::string>& more_arguments = {},
                        const std::string& guest_hook_path = {});
  ~AgentProcess();

  AgentConnection connect() const { return AgentConnection(socket()); }
  std::filesystem::path socket() const { return directory_.path() / "agent.sock"; }
  std::filesystem::path run_dir() const { return directory_.path() / "run"; }
  std::filesystem::path rootfs() const { return directory_.path() / "rootfs"; }
  kata::ChildProcess& process() { return child_; }

  grpc::CreateContainerRequest container(const std::string& id,
                                         const std::vector<std::string>& args) const;

  // Creates and starts a container.
  void run(AgentConnection& agent, const grpc::CreateContainerRequest& request) const;

  // Mounts, directories and cgroups of this agent that exist now.
  std::vector<std::string> leftovers() const;

 private:
  TemporaryDirectory directory_{};
  std::string cgroup_ = "kata-agent-test-" + std::to_string(::getpid());
  kata::ChildProcess child_{};
};

grpc::ExecProcessRequest exec_request(const std::string& id, const std::string& exec_id,
                                      const std::vector<std::string>& args);

// Everything up to the end of the stream; fails the test on an error.
std::string read_all(AgentConnection& agent, const std::string& id, const std::string& exec_id,
                     std::string_view method = "ReadStdout");
void write_all(AgentConnection& agent, const std::string& id, const std::string& exec_id,
               std::string_view data);
int wait_for(AgentConnection& agent, const std::string& id, const std::string& exec_id = "");
kata::Result<void> send_signal(AgentConnection& agent, const std::string& id,
                               const std::string& exec_id, int number);
void remove_container(AgentConnection& agent, const std::string& id);
