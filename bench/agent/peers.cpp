// SPDX-License-Identifier: Apache-2.0
#include "bench/agent/peers.h"

#include <unistd.h>

#include <fstream>

#include "bench/agent/containers.h"
#include "bench/agent/floors.h"
#include "kata/concat.h"

namespace kata::bench {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCrun = "/usr/bin/crun";
constexpr const char* kContainerd = "/usr/bin/containerd";
constexpr const char* kCtr = "/usr/bin/ctr";
constexpr const char* kContainer = "sleeper";

std::string write_containerd_config(const fs::path& directory) {
  const fs::path file = directory / "config.toml";
  std::ofstream(file) << "version = 2\nroot = \"" << (directory / "root").native()
                      << "\"\nstate = \"" << (directory / "state").native()
                      << "\"\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n"
                         "[grpc]\naddress = \""
                      << (directory / "grpc.sock").native() << "\"\n[ttrpc]\naddress = \""
                      << (directory / "ttrpc.sock").native()
                      << "\"\n[plugins.\"io.containerd.internal.v1.opt\"]\npath = \""
                      << (directory / "opt").native() << "\"\n";
  return file;
}

}  // namespace

std::unique_ptr<Crun> Crun::start(const World& world) {
  if (::access(kCrun, X_OK) != 0) return nullptr;
  return std::unique_ptr<Crun>(new Crun(world));
}

Crun::Crun(const World& world) : root_(world.directory / "crun") {
  const fs::path bundle = world.directory / "crun-bundle";
  fs::create_directories(bundle);
  std::ofstream(bundle / "config.json") << config_json(world, "crun", {"/bin/sleep", "100000"});
  run_and_wait(command({"run", "--detach", "--bundle", bundle, kContainer}));
}

Crun::~Crun() { run_and_wait(command({"delete", "--force", kContainer})); }

std::vector<std::string> Crun::command(const std::vector<std::string>& verb) const {
  std::vector<std::string> words{kCrun, "--root", root_};
  words.insert(words.end(), verb.begin(), verb.end());
  return words;
}

void Crun::exec(const std::vector<std::string>& args) const {
  std::vector<std::string> verb{"exec", kContainer};
  verb.insert(verb.end(), args.begin(), args.end());
  run_and_wait(command(verb));
}

std::unique_ptr<Containerd> Containerd::start(const World& world) {
  for (const char* program : {kContainerd, kCtr})
    if (::access(program, X_OK) != 0) return nullptr;
  return std::unique_ptr<Containerd>(new Containerd(world));
}

Containerd::Containerd(const World& world) : world_(world) {
  const fs::path directory = world.directory / "containerd";
  fs::create_directories(directory);
  socket_ = directory / "grpc.sock";
  daemon_.emplace(
      std::vector<std::string>{kContainerd, "--config", write_containerd_config(directory)},
      socket_);
  (void)daemon_->connect();
  ctr({"run", "--detach", "--cgroup", world.cgroup + "/ctr", "--env", "PATH=/bin", "--rootfs",
       rootfs(world), kContainer, "/bin/sleep", "100000"});
}

Containerd::~Containerd() {
  ctr({"task", "kill", "--signal", "KILL", kContainer});
  ctr({"task", "delete", "--force", kContainer});
}

void Containerd::ctr(const std::vector<std::string>& words) const {
  std::vector<std::string> command{kCtr, "--address", socket_};
  command.insert(command.end(), words.begin(), words.end());
  run_and_wait(command);
}

void Containerd::exec(const std::vector<std::string>& args) {
  std::vector<std::string> words{"task", "exec", "--exec-id", concat("e", ++execs_), kContainer};
  words.insert(words.end(), args.begin(), args.end());
  ctr(words);
}

void Containerd::run_true(const std::vector<std::string>& flags) {
  const std::string id = concat("r", ++runs_);
  std::vector<std::string> words{"run",   "--rm",     "--cgroup", concat(world_.cgroup, "/", id),
                                 "--env", "PATH=/bin"};
  words.insert(words.end(), flags.begin(), flags.end());
  words.insert(words.end(), {"--rootfs", rootfs(world_), id, "/bin/true"});
  ctr(words);
}

std::string Containerd::events_socket() const {
  return fs::path(socket_).parent_path() / "ttrpc.sock";
}

}  // namespace kata::bench
