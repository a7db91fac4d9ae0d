// SPDX-License-Identifier: Apache-2.0
//
// A ttRPC server under measurement: our agent, the one that PEER_AGENT names, or an echo server.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bench/agent/wire.h"
#include "bench/agent/world.h"
#include "kata/child_process.h"

namespace kata::bench {

enum class RunDirectory { kShared = 1, kOwn };

// A server on a unix socket, ended by the destructor.
class Subject {
 public:
  // argv's program listens on `socket` soon after its start.
  Subject(std::vector<std::string> argv, std::filesystem::path socket,
          RunDirectory run = RunDirectory::kShared);
  ~Subject();
  Subject(const Subject&) = delete;
  Subject& operator=(const Subject&) = delete;

  Wire connect() const;  // waits for the socket, 10 s at most
  pid_t pid() const { return child_.pid(); }

 private:
  std::filesystem::path socket_;
  ChildProcess child_{};
};

// An agent that listens on `name` below the world's directory. Told by KATA_AGENT_SERVER_ADDR, as
// every kata-agent may be. Beside a PEER_AGENT each has a /run of its own.
class Agent : public Subject {
 public:
  Agent(const std::filesystem::path& program, const World& world, const std::string& name);
};

std::filesystem::path our_agent();
std::optional<std::filesystem::path> peer_agent();  // $PEER_AGENT
std::optional<std::filesystem::path> go_echo();     // built when Debian's Go is installed

// From smaps_rollup, in KiB.
struct Memory {
  double resident = 0;
  double anonymous = 0;
  double private_dirty = 0;
};
Memory memory_of(pid_t pid);

}  // namespace kata::bench
