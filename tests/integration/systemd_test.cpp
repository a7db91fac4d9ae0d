// SPDX-License-Identifier: Apache-2.0
//
// A sandbox in a scope that systemd makes for --systemd-cgroup.
#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/fakes/systemd/bus.h"
#include "tests/integration/harness/bundle.h"
#include "tests/integration/harness/runtime.h"

using namespace kata::test;
using kata::fakes::SystemdBus;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

constexpr const char* kScope = "/katatest.slice/katatest-vm.slice/kata-c1.scope";

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Below a slice of the test's own. In the hierarchies that systemd leaves to others it stays, as an
// engine's parent group would.
class Slice {
 public:
  Slice() = default;
  ~Slice() { remove(); }
  Slice(const Slice&) = delete;
  Slice& operator=(const Slice&) = delete;

  void remove() const {
    for (const auto& hierarchy : fs::directory_iterator("/sys/fs/cgroup"))
      for (const char* path : {"katatest.slice/katatest-vm.slice", "katatest.slice"})
        ::rmdir((hierarchy.path() / path).c_str());
  }
  bool has_scope() const {
    std::error_code ignored;
    for (const auto& hierarchy : fs::directory_iterator("/sys/fs/cgroup"))
      if (fs::exists(hierarchy.path() / fs::path(kScope).relative_path(), ignored)) return true;
    return false;
  }
};

json in_scope(const std::vector<std::string>& args) {
  json spec = default_spec(args);
  spec["linux"]["cgroupsPath"] = "katatest-vm.slice:kata:c1";
  return spec;
}

CommandResult run_in_scope(const Runtime& runtime) {
  const std::string bundle = runtime.make("c1", in_scope({"/bin/sleep", "1000"}));
  return runtime({"--systemd-cgroup", "run", "--detach", "--bundle", bundle, "c1"});
}

void check_deleted(const Runtime& runtime, const SystemdBus& bus, const Slice& slice) {
  const CommandResult deleted = runtime({"delete", "--force", "c1"});
  CHECK_MESSAGE(deleted.exit_code == 0, deleted.err);
  CHECK(bus.log().find("\nstop kata-c1.scope\n") != std::string::npos);
  CHECK_FALSE(slice.has_scope());
  slice.remove();
  CHECK(runtime.leaked() == "");
}

}  // namespace

TEST_CASE("a sandbox lives in the scope that systemd made for it and delete stops that") {
  const Slice slice;
  const SystemdBus bus;
  const Runtime runtime;
  const CommandResult ran = run_in_scope(runtime);
  REQUIRE_MESSAGE(ran.exit_code == 0, ran.err);
  const auto processes = runtime.processes();
  const std::string first = " PIDs=" + std::to_string(processes.at("kata-prox")) + " ";
  CHECK(bus.log().find("start kata-c1.scope ") != std::string::npos);
  CHECK_MESSAGE(bus.log().find(first) != std::string::npos, bus.log());
  for (const char* name : {"kata-prox", "kata-shim", "qemu-syst", "virtiofsd"}) {
    CAPTURE(name);
    REQUIRE(processes.contains(name));
    const std::string groups = text_of("/proc/" + std::to_string(processes.at(name)) + "/cgroup");
    for (const char* hierarchy : {"name=systemd", "memory", "devices", "freezer", "cpuset"})
      CHECK(groups.find(":" + std::string(hierarchy) + ":" + kScope) != std::string::npos);
  }
  CHECK(text_of("/sys/fs/cgroup/devices" + std::string(kScope) + "/devices.list")
            .find("c 10:232 rwm") != std::string::npos);
  check_deleted(runtime, bus, slice);
}

TEST_CASE("delete stops the scope of a sandbox whose proxy was killed") {
  const Slice slice;
  const SystemdBus bus;
  const Runtime runtime;
  REQUIRE(run_in_scope(runtime).exit_code == 0);
  REQUIRE(::kill(runtime.processes().at("kata-prox"), SIGKILL) == 0);
  check_deleted(runtime, bus, slice);
}

TEST_CASE("a systemd that makes no scope is told and nothing of the sandbox stays") {
  struct Row {
    const char *fault, *message;
  };
  for (const Row& row : {Row{"refuse", "StartTransientUnit: systemd says: Access denied\n"},
                         Row{"absent",
                             "leave --systemd-cgroup out (podman: --cgroup-manager "
                             "cgroupfs, kubelet: cgroupDriver: cgroupfs)\n"}}) {
    CAPTURE(row.fault);
    const Slice slice;
    const SystemdBus bus(row.fault);
    const Runtime runtime;
    const CommandResult ran = run_in_scope(runtime);
    CHECK(ran.exit_code == 1);
    CHECK(ran.err.find("enter the sandbox's control group: have systemd start 'kata-c1.scope' "
                       "(--systemd-cgroup, linux.cgroupsPath): ") != std::string::npos);
    CHECK_MESSAGE(ran.err.find(row.message) != std::string::npos, ran.err);
    CHECK(runtime.state("c1").contains("error"));
    CHECK_FALSE(slice.has_scope());
    CHECK(runtime.leaked() == "");
  }
}

TEST_CASE("a pod whose CPUs alone are in its group asks systemd for nothing") {
  const SystemdBus bus;
  const Slice slice;
  const Runtime runtime;
  runtime.configure("", "[runtime]\nsandbox_cgroup_only = false\n");
  const CommandResult ran = run_in_scope(runtime);
  REQUIRE_MESSAGE(ran.exit_code == 0, ran.err);
  CHECK(runtime({"delete", "--force", "c1"}).exit_code == 0);
  CHECK(bus.log() == "ready\n");
  CHECK_FALSE(slice.has_scope());
  slice.remove();
  CHECK(runtime.leaked() == "");
}
