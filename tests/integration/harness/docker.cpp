// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/harness/docker.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/mount.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "kata/concat.h"
#include "tests/integration/harness/bundle.h"

namespace kata::test {

namespace fs = std::filesystem;
using std::chrono::seconds;

namespace {

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string marker_of(const Runtime& kata) {
  return kata.options().environment.at(kMarkerVariable);
}

// Parents of its containers' cgroups, which docker never removes.
void remove_cgroup_parents() {
  std::error_code ignored;
  for (const auto& hierarchy : fs::directory_iterator("/sys/fs/cgroup", ignored))
    fs::remove(hierarchy.path() / "docker", ignored);
}

}  // namespace

Docker::Docker() {
  host_.run("ip link set lo up");
  kata_.use_network("tap");
  kata_.configure("");
  write_configuration();
  daemon_ = std::make_unique<Background>(
      in_network({"/usr/sbin/dockerd", "--config-file", directory() / "daemon.json"}),
      kata_.options(), directory() / "dockerd.log");
  REQUIRE_MESSAGE(eventually([&] { return (*this)({"version"}).exit_code == 0; }, seconds(60)),
                  "dockerd has not come up");
  import_image();
  REQUIRE(run_script("runc", {}, "true").exit_code == 0);  // makes the cgroups' parents
  before_ = take_snapshot(directory() / "exec/runtime-runc", marker_of(kata_));
}

Docker::~Docker() {
  const CommandResult all = (*this)({"ps", "--all", "--quiet"});
  for (std::string rest = all.out; !rest.empty(); rest.erase(0, first_line(rest).size() + 1))
    (*this)({"rm", "--force", first_line(rest)});
  ::kill(daemon_->pid(), SIGTERM);
  daemon_->wait(seconds(30));
  // Where a container asked for the host's network, docker leaves this one mounted.
  ::umount2((directory() / "exec/netns/default").c_str(), MNT_DETACH);
  remove_cgroup_parents();
}

void Docker::write_configuration() const {
  const fs::path script = directory() / "kata-runtime";
  std::ofstream(script) << "#!/bin/sh\nexec " << KATA_RUNTIME << " --config "
                        << kata_.config_file().string() << " \"$@\"\n";
  fs::permissions(script, fs::perms::owner_all);
  const std::string base = directory();
  std::ofstream(directory() / "daemon.json")
      << nlohmann::json{{"runtimes", {{"kata", {{"path", script}}}}},
                        {"storage-driver", "vfs"},  // leaves no mount behind
                        {"exec-root", base + "/exec"},
                        {"data-root", base + "/data"},
                        {"pidfile", base + "/dockerd.pid"},
                        {"hosts", {"unix://" + base + "/docker.sock"}}};
}

void Docker::import_image() const {
  const fs::path rootfs = directory() / "bundle/rootfs", archive = directory() / "image.tar";
  kata_.make("bundle", default_spec({}));
  REQUIRE(run({"tar", "-C", rootfs, "-cf", archive, "."}).exit_code == 0);
  const CommandResult imported = (*this)({"import", archive, "busybox"});
  REQUIRE_MESSAGE(imported.exit_code == 0, imported.err);
}

// nsenter rather than `ip netns exec`, which would hide the cgroups.
std::vector<std::string> Docker::in_network(std::vector<std::string> argv) const {
  argv.insert(argv.begin(), {"/usr/bin/nsenter", concat("--net=", host_.path())});
  return argv;
}

CommandResult Docker::operator()(const std::vector<std::string>& words) const {
  CommandOptions options = kata_.options();
  options.timeout = seconds(120);
  std::vector<std::string> argv{"/usr/bin/docker", "--host",
                                concat("unix://", directory(), "/docker.sock")};
  argv.insert(argv.end(), words.begin(), words.end());
  return run(argv, options);
}

CommandResult Docker::run_script(const std::string& runtime, const std::vector<std::string>& flags,
                                 const std::string& script) const {
  std::vector<std::string> words{"run", "--rm", "--runtime", runtime};
  words.insert(words.end(), flags.begin(), flags.end());
  words.insert(words.end(), {"busybox", "/bin/sh", "-c", script});
  return (*this)(words);
}

void Docker::start(const std::string& runtime, const std::string& name,
                   const std::vector<std::string>& flags,
                   const std::vector<std::string>& command) const {
  std::vector<std::string> words{"run", "--detach", "--runtime", runtime, "--name", name};
  words.insert(words.end(), flags.begin(), flags.end());
  words.push_back("busybox");
  words.insert(words.end(), command.begin(), command.end());
  const CommandResult started = (*this)(words);
  REQUIRE_MESSAGE(started.exit_code == 0, started.err);
}

void Docker::remove(const std::string& name) const {
  const CommandResult removed = (*this)({"rm", "--force", name});
  CHECK_MESSAGE(removed.exit_code == 0, removed.err);
}

std::string Docker::inspect(const std::string& name, const std::string& format) const {
  return first_line((*this)({"inspect", "--format", format, name}).out);
}

std::string Docker::leaked() const {
  return settled_leaks(before_, directory() / "exec/runtime-runc", marker_of(kata_));
}

}  // namespace kata::test
