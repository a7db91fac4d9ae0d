// SPDX-License-Identifier: Apache-2.0
#include "bench/shim/mock_pod.h"

#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "bench/agent/containers.h"
#include "bench/agent/subject.h"
#include "kata/concat.h"

namespace kata::bench {

namespace fs = std::filesystem;

namespace {
constexpr unsigned kSettleSeconds = 2;  // sandbox::Settling waits one
}

fs::path our_shim() { return KATA_SHIM_V2; }

fs::path mock_configuration(const World& world) {
  fs::path file = world.directory / "configuration.toml";
  std::ofstream(file) << "[plugins]\ndirectory = \"" KATA_PLUGIN_DIR "\"\nhypervisor = \"mock\"\n"
                      << "shared_filesystem = \"bind\"\nnetwork = \"none\"\n[hypervisor.mock]\n"
                      << "unsafe_no_vm = true\npath = \"" KATA_MOCK_VM "\"\nagent = \""
                      << our_agent().native() << "\"\n";
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  return file;
}

MockPod::MockPod(const World& world, const std::string& name)
    : world_(world),
      name_(name),
      process_(our_shim(), make_bundle(0), name_of(0)),
      tasks_(process_.connect()),
      shim_pid_(static_cast<pid_t>(tasks_.connect().shim_pid())) {
  add();
  agent_pid_ = descendant(shim_pid_, our_agent().filename());
}

std::string MockPod::name_of(int number) const { return concat(name_, "-", number); }

fs::path MockPod::make_bundle(int number) const {
  fs::path bundle = world_.directory / name_of(number);
  fs::create_directories(bundle / "rootfs");
  auto spec = nlohmann::json::parse(config_json(world_, name_of(number), {"/bin/sleep", "100000"}));
  spec["root"]["path"] = "rootfs";
  spec["annotations"] = {
      {"io.kubernetes.cri.container-type", number == 0 ? "sandbox" : "container"},
      {"io.kubernetes.cri.sandbox-id", name_of(0)}};
  std::ofstream(bundle / "config.json") << spec.dump();
  return bundle;
}

void MockPod::add() {
  const std::string id = name_of(containers_);
  tasks_.create({id, make_bundle(containers_), rootfs(world_), mock_configuration(world_)});
  tasks_.start(id);
  ++containers_;
}

void MockPod::remove_last() {
  const std::string id = name_of(--containers_);
  tasks_.kill(id);
  tasks_.wait(id);
  tasks_.remove(id);
}

void MockPod::run_exec() {
  const std::string exec_id = concat("e", ++execs_);
  tasks_.exec(id(), exec_id, {"/bin/true"});
  tasks_.start(id(), exec_id);
  if (tasks_.wait(id(), exec_id) != 0) fail("/bin/true fails in the container");
  tasks_.remove(id(), exec_id);
}

void MockPod::settle() const { ::sleep(kSettleSeconds); }

}  // namespace kata::bench
