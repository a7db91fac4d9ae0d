// SPDX-License-Identifier: Apache-2.0
//
// What a management socket tells about a sandbox that this process runs.
#pragma once

#include <unistd.h>

#include <utility>

#include "sandbox/management/subject.h"
#include "sandbox/sandbox.h"

namespace kata::management {

class SandboxSubject final : public Subject {
 public:
  SandboxSubject(sandbox::Sandbox& sandbox, std::string agent_url)
      : sandbox_(sandbox), agent_url_(std::move(agent_url)) {}

  std::vector<HostProcess> processes() const override {
    std::vector<HostProcess> found{{"kata_shim", ::getpid()}};
    if (const pid_t vmm = sandbox_.status().vmm_pid; vmm > 0)
      found.push_back({"kata_hypervisor", vmm});
    if (const FileServer server = sandbox_.file_server(); server.pid > 0)
      found.push_back({std::string("kata_") + server.name, server.pid});
    return found;
  }

  std::string agent_url() const override { return agent_url_; }

  boost::asio::awaitable<Result<std::string>> ask_agent(std::string method, std::string payload,
                                                        std::chrono::nanoseconds timeout) override {
    return sandbox_.forward("grpc.AgentService", std::move(method), std::move(payload), timeout);
  }

 private:
  sandbox::Sandbox& sandbox_;
  std::string agent_url_;
};

}  // namespace kata::management
