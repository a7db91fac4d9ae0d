// SPDX-License-Identifier: Apache-2.0
//
// An agent that the tool drives, in a network namespace of the test's own, and a bundle for it.
#pragma once

#include <sched.h>

#include <fstream>

#include "tests/component/agent-ctl/tool.h"
#include "tests/unit/agent/agent_process.h"

struct OwnNetwork {
  OwnNetwork() { REQUIRE_MESSAGE(::unshare(CLONE_NEWNET) == 0, "these tests need root"); }
};

class DrivenAgent : OwnNetwork {
 public:
  ToolRun run(std::vector<std::string> words, const std::string& input = "") const {
    words.insert(words.begin(), {"--server-address", address()});
    return run_tool(words, input);
  }

  std::string address() const { return "unix://" + agent.socket().string(); }

  // A bundle over the agent's root file system that runs these words.
  std::string bundle(const std::string& args_json) const {
    const auto directory = agent.rootfs().parent_path();
    std::ofstream(directory / "config.json")
        << R"({"ociVersion": "1.0.2", "root": {"path": "rootfs"},
               "process": {"cwd": "/", "env": ["PATH=/bin"], "args": )"
        << args_json << R"(},
               "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
                          {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"}],
               "linux": {"cgroupsPath": "/kata-agent-test-)"
        << ::getpid() << R"(-ctl",
                         "namespaces": [{"type": "mount"}, {"type": "ipc"}, {"type": "uts"}]}})";
    return "bundle=" + directory.string();
  }

  AgentProcess agent{};
};
