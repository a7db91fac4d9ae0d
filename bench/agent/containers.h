// SPDX-License-Identifier: Apache-2.0
//
// Containers for the agent and for its peers, all from one config.json and one busybox rootfs.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "agent.pb.h"
#include "bench/agent/wire.h"
#include "bench/agent/world.h"

namespace kata::bench {

// The config.json of a container of this world, as text.
std::string config_json(const World& world, const std::string& id,
                        const std::vector<std::string>& args);

std::filesystem::path rootfs(const World& world);  // made on first use

// One connection to an agent, with a sandbox.
class AgentClient {
 public:
  AgentClient(Wire wire, const World& world) : wire_(std::move(wire)), world_(world) {}

  void create_sandbox();
  void run_container(const std::string& id, const std::vector<std::string>& args);
  void remove_container(const std::string& id);
  void exec(const std::string& id, const std::string& exec_id,
            const std::vector<std::string>& args);
  int wait(const std::string& id, const std::string& exec_id);
  void kill(const std::string& id, const std::string& exec_id);
  Wire& wire() { return wire_; }

 private:
  Wire wire_;
  const World& world_;
  const int number_ = ++made_;  // tells the cgroups of two agents apart
  inline static int made_ = 0;
};

grpc::ExecProcessRequest exec_request(const std::string& id, const std::string& exec_id,
                                      const std::vector<std::string>& args);

// A whole ReadStdout call. More bytes than a pipe holds are asked for, as kata-shim does.
std::string read_frame(const std::string& id, const std::string& exec_id);

// The bytes in the reply to it; fails the bench on an error.
std::string_view read_data(const Reply& reply);

}  // namespace kata::bench
