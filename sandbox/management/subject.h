// SPDX-License-Identifier: Apache-2.0
//
// The sandbox that a management socket tells about.
#pragma once

#include <sys/types.h>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <string>
#include <vector>

#include "kata/result.h"

namespace kata::management {

struct HostProcess {
  std::string metrics_prefix{};  // "kata_shim", "kata_hypervisor", "kata_virtiofsd"
  pid_t pid = 0;
};

// Called on the loop. Lives as long as the server.
class Subject {
 public:
  virtual ~Subject() = default;
  virtual std::vector<HostProcess> processes() const = 0;
  virtual std::string agent_url() const = 0;  // "unix:///run/…", as kata-agent-ctl takes it

  // A call of grpc.AgentService, payloads as on the wire.
  virtual boost::asio::awaitable<Result<std::string>> ask_agent(
      std::string method, std::string payload, std::chrono::nanoseconds timeout) = 0;
};

}  // namespace kata::management
