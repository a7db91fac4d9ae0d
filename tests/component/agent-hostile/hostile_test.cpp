// SPDX-License-Identifier: Apache-2.0
//
// Hostile root file systems and specifications, each brought to a kata-agent that runs on a unix
// socket: it is refused by a message that is written down, or it runs and its output shows that it
// got nothing. Whatever it was, nothing changes outside of the rootfs.
#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

#include "fixture.h"
#include "oracle.h"
#include "sandbox/oci_spec.h"
#include "tests/unit/agent/agent_process.h"

namespace kata::agent::hostile {
namespace {

namespace fs = std::filesystem;

constexpr int kWarmRounds = 2;  // until the heap has found its size
constexpr int kRounds = 2;
constexpr std::size_t kGrowthKib = 256;

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

Json ordinary_config(const fs::path& rootfs) {
  const Json capabilities = {"CAP_CHOWN", "CAP_KILL", "CAP_MKNOD", "CAP_SETUID", "CAP_SETGID"};
  Json config = {
      {"ociVersion", "1.0.2"},
      {"process",
       {{"user", {{"uid", 0}, {"gid", 0}}},
        {"env", {"PATH=/bin"}},
        {"cwd", "/"},
        {"capabilities",
         {{"bounding", capabilities}, {"effective", capabilities}, {"permitted", capabilities}}}}},
      {"root", {{"path", rootfs}}},
      {"hostname", "box"},
      {"mounts", Json::array()},
      {"linux", {{"namespaces", Json::array()}}}};
  run_script(config, "echo ran");
  add_mount(config, "/proc", "proc", "proc", {"nosuid", "noexec", "nodev"});
  add_mount(config, "/dev", "tmpfs", "tmpfs", {"nosuid", "mode=755", "size=64k"});
  add_mount(config, "/dev/pts", "devpts", "devpts", {"newinstance", "ptmxmode=0666"});
  add_mount(config, "/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"});
  for (const char* type : {"mount", "pid", "ipc", "uts", "network"})
    config["linux"]["namespaces"].push_back({{"type", type}});
  return config;
}

// One directory a fixture: rootfs, canary and config.json.
class Scene {
 public:
  explicit Scene(const Fixture& fixture) : fixture_(fixture) {
    for (const char* name : {"bin", "dev", "proc", "sys", "tmp", "etc", "scratch"})
      fs::create_directories(place_.rootfs / name);
    fs::copy_file("/bin/busybox", place_.rootfs / "bin/busybox");
    for (const char* name : {"sh", "cat", "ls", "wc", "grep", "mknod", "head", "pwd"})
      fs::create_symlink("busybox", place_.rootfs / "bin" / name);
    write_file(place_.canary / "secret", "host");
    if (fixture.prepare != nullptr) fixture.prepare(place_);
    config_ = ordinary_config(place_.rootfs);
    if (fixture.edit != nullptr) fixture.edit(config_, place_);
    write_file(directory_.path() / "config.json", config_.dump());
  }

  grpc::Spec spec() const {
    grpc::Spec spec;
    const Json ordinary = ordinary_config(place_.rootfs);
    const std::string text = (fixture_.change == nullptr ? config_ : ordinary).dump();
    const auto parsed = sandbox::parse_spec(text, "config.json", spec, nullptr);
    REQUIRE_MESSAGE(parsed.ok(), parsed.error().message);
    if (fixture_.change != nullptr) fixture_.change(spec);
    return spec;
  }

  bool crun_can_say() const { return fixture_.change == nullptr || fixture_.edit != nullptr; }
  const fs::path& bundle() const { return directory_.path(); }

  void check_canary() const {
    CHECK(text_of(place_.canary / "secret") == "host");
    CHECK(std::distance(fs::directory_iterator(place_.canary), fs::directory_iterator()) == 1);
    CHECK(text_of("/proc/self/mountinfo").find(place_.canary.string()) == std::string::npos);
  }

 private:
  const Fixture& fixture_;
  TemporaryDirectory directory_{};
  Place place_{directory_.path() / "rootfs", directory_.path() / "canary"};
  Json config_{};
};

struct Verdict {
  bool runs = false;
  int code = -1;  // of its program
  std::string said{};
};

Verdict ask_agent(const AgentProcess& agent, AgentConnection& connection, const grpc::Spec& spec) {
  auto request = agent.container("c1", {"true"});
  const std::string cgroup = request.oci().linux().cgroupspath();
  *request.mutable_oci() = spec;
  if (spec.linux().cgroupspath().empty())
    request.mutable_oci()->mutable_linux()->set_cgroupspath(cgroup);
  if (const auto created = connection.send("CreateContainer", request); !created.ok())
    return {false, -1, created.error().message};
  grpc::StartContainerRequest start;
  start.set_container_id("c1");
  const auto started = connection.send("StartContainer", start);
  REQUIRE_MESSAGE(started.ok(), started.error().message);
  Verdict verdict{true, wait_for(connection, "c1"), read_all(connection, "c1", "")};
  if (!spec.process().terminal()) verdict.said += read_all(connection, "c1", "", "ReadStderr");
  remove_container(connection, "c1");
  return verdict;
}

void check_verdict(const Fixture& fixture, const Verdict& verdict) {
  INFO("the agent: ", verdict.said);
  const bool is_to_run = fixture.rejected == nullptr;
  CHECK(verdict.runs == is_to_run);
  const std::string expected = is_to_run ? fixture.prints : fixture.rejected;
  CHECK(verdict.said.find(expected) != std::string::npos);
  if (!verdict.runs) CHECK(verdict.said.find('\n') == std::string::npos);
}

// Where crun decides otherwise the table says why, and it must still be so.
void check_crun(const Fixture& fixture, const Scene& scene, const Verdict& verdict) {
  if (!scene.crun_can_say()) return;
  const CrunVerdict crun = ask_crun(scene.bundle());
  INFO("crun: ", crun.said);
  const bool agrees = crun.runs == (verdict.runs && verdict.code == 0);
  CHECK(agrees == (fixture.crun == nullptr));
}

std::vector<const Fixture*> all_fixtures() {
  std::vector<const Fixture*> all;
  for (const auto table :
       {rootfs_fixtures(), mount_fixtures(), process_fixtures(), linux_fixtures()})
    for (const Fixture& fixture : table) all.push_back(&fixture);
  return all;
}

void check_table(std::span<const Fixture> table) {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  for (const Fixture& fixture : table) {
    const std::string name = fixture.name;
    CAPTURE(name);
    const Scene scene(fixture);
    const Verdict verdict = ask_agent(agent, connection, scene.spec());
    check_verdict(fixture, verdict);
    scene.check_canary();
    check_crun(fixture, scene, verdict);
  }
}

struct Use {
  std::size_t descriptors = 0, anonymous_kib = 0;
};

Use use_of(pid_t pid) {
  const fs::path proc = fs::path("/proc") / std::to_string(pid);
  Use use;
  use.descriptors = static_cast<std::size_t>(
      std::distance(fs::directory_iterator(proc / "fd"), fs::directory_iterator()));
  std::ifstream status(proc / "status");  // pages of the program's file come and go
  for (std::string word; status >> word;)
    if (word == "RssAnon:") status >> use.anonymous_kib;
  return use;
}

}  // namespace

TEST_CASE("hostile root file systems are refused or harmless") { check_table(rootfs_fixtures()); }

TEST_CASE("hostile mounts are refused or harmless") { check_table(mount_fixtures()); }

TEST_CASE("hostile processes are refused or harmless") { check_table(process_fixtures()); }

TEST_CASE("hostile namespaces and limits are refused or harmless") {
  check_table(linux_fixtures());
}

TEST_CASE("hostile containers leave the agent's memory and descriptors as they were") {
  AgentProcess agent;
  AgentConnection connection = agent.connect();
  const auto round = [&] {
    for (const Fixture* fixture : all_fixtures())
      ask_agent(agent, connection, Scene(*fixture).spec());
  };
  for (int number = 0; number < kWarmRounds; ++number) round();
  const Use before = use_of(agent.process().pid());
  for (int number = 0; number < kRounds; ++number) round();
  const Use after = use_of(agent.process().pid());
  CHECK(after.descriptors == before.descriptors);
  CHECK(before.anonymous_kib > 0);
  CHECK(after.anonymous_kib <= before.anonymous_kib + kGrowthKib);
}

}  // namespace kata::agent::hostile
