// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/cri/daemon.h"

#include <doctest/doctest.h>
#include <signal.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "cri.pb.h"
#include "kata/concat.h"
#include "tests/integration/cri/image_archive.h"
#include "tests/integration/cri/pod.h"
#include "tests/integration/harness/bundle.h"

namespace kata::test {

namespace fs = std::filesystem;
namespace cri = runtime::v1;
using nlohmann::json;
using std::chrono::seconds;

namespace {

constexpr const char* kPause = "localhost/cri/pause:1";

// KATA_TEST_CONTAINERD and KATA_TEST_CTR name another containerd than Debian's.
std::string program(const char* variable, const char* usual) {
  const char* const named = ::getenv(variable);
  return named == nullptr ? usual : named;
}

// KATA_TEST_SANDBOXER=shim: from 2.0 on, the shim makes the pod's sandbox by itself.
std::string sandboxer() {
  const char* const named = ::getenv("KATA_TEST_SANDBOXER");
  return named == nullptr ? "" : named;
}

// Parents of pods' cgroups, which containerd never removes.
void remove_cgroup_parents() {
  std::error_code ignored;
  for (const auto& hierarchy : fs::directory_iterator("/sys/fs/cgroup", ignored))
    fs::remove(hierarchy.path() / "k8s.io", ignored);
}

std::string search_path() {
  const char* const path = ::getenv("PATH");
  return concat(fs::path(KATA_RUNTIME).parent_path(), ":", path == nullptr ? "/usr/bin" : path);
}

}  // namespace

CriDaemon::CriDaemon(const std::string& hypervisor) {
  host_.run("ip link set lo up");
  kata_.use_network("tap");
  kata_.configure(hypervisor);
  write_configuration();
  write_networks();
  CommandOptions options = kata_.options();
  options.environment["PATH"] = search_path();
  // nsenter rather than `ip netns exec`, which would hide the cgroups.
  daemon_ = std::make_unique<Background>(
      std::vector<std::string>{"/usr/bin/nsenter", concat("--net=", host_.path()),
                               program("KATA_TEST_CONTAINERD", "/usr/bin/containerd"), "--config",
                               directory() / "containerd.toml"},
      options, directory() / "containerd.log");
  client_ = std::make_unique<CriClient>(directory() / "c.sock");
  import_images();
  make_first_pod();
  before_ = look();
}

CriDaemon::~CriDaemon() {
  ::kill(daemon_->pid(), SIGTERM);
  daemon_->wait(seconds(30));
  remove_cgroup_parents();
}

void CriDaemon::write_configuration() const {
  const std::string base = directory();
  std::ofstream(directory() / "containerd.toml")
      << "version = 2\nroot = \"" << base << "/root\"\nstate = \"" << base << "/state\"\n"
      << "[grpc]\naddress = \"" << base << "/c.sock\"\n[ttrpc]\naddress = \"" << base
      << "/t.sock\"\n[debug]\nlevel = \"debug\"\n"
      << "[plugins.\"io.containerd.internal.v1.opt\"]\npath = \"" << base << "/opt\"\n"
      << "[plugins.\"io.containerd.grpc.v1.cri\"]\nsandbox_image = \"" << kPause
      << "\"\ndisable_apparmor = true\n"
         // Root in a container may not lower the score.
         "restrict_oom_score_adj = true\nstream_server_address = \"127.0.0.1\"\n"
      << "[plugins.\"io.containerd.grpc.v1.cri\".cni]\nbin_dir = \"/usr/lib/cni\"\nconf_dir = \""
      << base << "/networks\"\n"
      << "[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc]\n"
         "runtime_type = \"io.containerd.runc.v2\"\n"
         "[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.kata]\n"
         "runtime_type = \"io.containerd.kata.v2\"\nprivileged_without_host_devices = true\n"
      << (sandboxer().empty() ? "" : concat("sandboxer = \"", sandboxer(), "\"\n"))
      << "pod_annotations = [\"io.katacontainers.*\"]\n"
         "[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.kata.options]\n"
         "ConfigPath = \""
      << kata_.config_file().string() << "\"\n";
}

void CriDaemon::write_networks() const {
  fs::create_directory(directory() / "networks");
  std::ofstream(directory() / "networks/10-pods.conflist") << json{
      {"cniVersion", "0.4.0"},
      {"name", concat("pods-", marker())},
      {"plugins",
       json::array({{{"type", "bridge"},
                     {"bridge", "pods0"},
                     {"isGateway", true},
                     {"ipam",
                      {{"type", "host-local"},
                       {"dataDir", directory() / "addresses"},
                       {"ranges", json::array({json::array({{{"subnet", "10.89.0.0/24"}}})})},
                       {"routes", json::array({{{"dst", "0.0.0.0/0"}}})}}}}})}};
}

void CriDaemon::import_images() const {
  const fs::path busybox = directory() / "busybox", pause = directory() / "pause";
  make_busybox_rootfs(busybox);
  fs::create_directory(pause);
  fs::copy_file(KATA_CRI_PAUSE, pause / "pause");
  const fs::path archive = make_image_archive(
      directory(), {{kBusybox, busybox, {"/bin/sh"}}, {kPause, pause, {"/pause"}}});
  cri::ImageStatusRequest wanted;
  wanted.mutable_image()->set_image(kPause);
  const auto there = [&] {
    const auto status = client_->call<cri::ImageStatusResponse>("ImageService/ImageStatus", wanted);
    REQUIRE_MESSAGE(status.ok(), status.error().message);
    return !status.value().image().id().empty();
  };
  CHECK_FALSE(there());  // waits until containerd listens
  const CommandResult imported =
      run({program("KATA_TEST_CTR", "ctr"), "--address", directory() / "c.sock", "--namespace",
           "k8s.io", "image", "import", archive},
          kata_.options());
  REQUIRE_MESSAGE(imported.exit_code == 0, imported.err);
  REQUIRE(eventually(there, seconds(10)));
}

// Makes directories and cgroups that containerd keeps.
void CriDaemon::make_first_pod() const {
  Pod pod(*this, "runc");
  pod.start(pod.script("first", "true"));
  if (sandboxer() == "shim") const Pod own(*this, "kata");
}

std::string CriDaemon::marker() const { return kata_.options().environment.at(kMarkerVariable); }

Snapshot CriDaemon::look() const {
  Snapshot all = take_snapshot(directory() / "state", marker());
  all.entries.merge(take_snapshot("/run/containerd", marker()).entries);
  all.entries.merge(take_snapshot("/run/kata-containers", marker()).entries);
  return all;
}

std::vector<std::string> CriDaemon::processes() const {
  std::vector<std::string> found;
  for (const std::string& entry : take_snapshot(directory() / "state", marker()).entries)
    if (entry.starts_with("process ") && !before_.entries.contains(entry)) found.push_back(entry);
  return found;
}

std::string CriDaemon::leaked() const {
  std::string found;
  eventually(
      [&] {
        found = leaks(before_, look());
        return found.empty();
      },
      seconds(5));
  return found;
}

}  // namespace kata::test
