// SPDX-License-Identifier: Apache-2.0
//
// A pod of our shim without a VM (hypervisor "mock"), so that hundreds of containers are cheap and
// what is measured is this project's share.
#pragma once

#include <filesystem>
#include <string>

#include "bench/agent/world.h"
#include "bench/shim/shim_process.h"

namespace kata::bench {

std::filesystem::path our_shim();

// A configuration that chooses the mock; its path.
std::filesystem::path mock_configuration(const World& world);

// Its first container is the sandbox's own; all containers sleep.
class MockPod {
 public:
  MockPod(const World& world, const std::string& name);
  MockPod(const MockPod&) = delete;
  MockPod& operator=(const MockPod&) = delete;

  void add();           // creates and starts the next container
  void remove_last();   // kills and deletes it
  void run_exec();      // /bin/true in the sandbox's own container, from Exec to Delete
  void settle() const;  // waits until the shim has given back what starting took

  TaskClient& tasks() { return tasks_; }
  std::string id() const { return name_of(0); }
  pid_t shim() const { return shim_pid_; }
  pid_t agent() const { return agent_pid_; }

 private:
  std::string name_of(int number) const;
  std::filesystem::path make_bundle(int number) const;

  const World& world_;
  std::string name_;
  ShimProcess process_;
  TaskClient tasks_;
  pid_t shim_pid_ = -1, agent_pid_ = -1;
  int containers_ = 0, execs_ = 0;
};

}  // namespace kata::bench
