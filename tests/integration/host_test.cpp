// SPDX-License-Identifier: Apache-2.0
//
// What a container's limits, cgroupsPath, annotations, devices and mounts do on the host and to its
// VM.
#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "tests/integration/harness/bundle.h"
#include "tests/integration/harness/runtime.h"

using namespace kata::test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

constexpr const char* kAnnotation = "io.katacontainers.config.hypervisor.";

json sleeper() { return default_spec({"/bin/sleep", "1000"}); }

std::string path_in(pid_t pid, const std::string& controller) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/cgroup");
  for (std::string line; std::getline(file, line);) {
    const std::size_t at = line.find(":" + controller + ":");
    if (at != std::string::npos) return line.substr(at + controller.size() + 2);
  }
  return "none";
}

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void start(const Runtime& runtime, const json& spec) {
  const CommandResult ran =
      runtime({"run", "--detach", "--bundle", runtime.make("c1", spec), "c1"});
  REQUIRE_MESSAGE(ran.exit_code == 0, ran.err);
}

bool group_exists(const std::string& path) {
  std::error_code ignored;
  for (const auto& hierarchy : fs::directory_iterator("/sys/fs/cgroup"))
    if (fs::exists(hierarchy.path() / fs::path(path).relative_path(), ignored)) return true;
  return false;
}

std::string refusal(const Runtime& runtime, const json& spec) {
  const CommandResult ran = runtime({"run", "--bundle", runtime.make("bundle", spec), "c1"});
  CHECK(ran.exit_code == 1);
  MESSAGE(ran.err);
  CHECK(runtime.leaked() == "");
  return ran.err;
}

}  // namespace

TEST_CASE("limits size the VM and what has no limit keeps the default") {
  const Runtime runtime;
  runtime.configure("overhead_memory = 128\ndefault_memory = 300\ndefault_maxvcpus = 4");
  const std::string script =
      "grep -c ^processor /proc/cpuinfo; awk '/MemTotal/{print $2}' /proc/meminfo";
  struct Row {
    json resources;
    int vcpus;
    long most_mib;  // and at most 64 less: the kernel's own
  };
  const Row rows[] = {
      {json::object(), 1, 300},
      {{{"cpu", {{"quota", 150000}, {"period", 100000}}}}, 2, 300},
      {{{"memory", {{"limit", 96 << 20}}}}, 1, 225},
  };
  for (const Row& row : rows) {
    json spec = default_spec({});
    spec["linux"]["resources"] = row.resources;
    const CommandResult ran = runtime.run_script(script, spec);
    REQUIRE_MESSAGE(ran.exit_code == 0, ran.err);
    std::istringstream out(ran.out);
    int vcpus = 0;
    long kib = 0;
    out >> vcpus >> kib;
    CHECK(vcpus == row.vcpus);
    CHECK(kib / 1024 <= row.most_mib);
    CHECK(kib / 1024 > row.most_mib - 64);
  }
}

TEST_CASE("a container can use the memory that its limit gives it") {
  const Runtime runtime;
  json spec = default_spec({});
  spec["linux"]["resources"]["memory"] = {{"limit", 64 << 20}};
  spec["mounts"].push_back({{"destination", "/ram"}, {"type", "tmpfs"}, {"source", "tmpfs"}});
  const CommandResult ran =
      runtime.run_script("dd if=/dev/zero of=/ram/x bs=1M count=56 2>/dev/null && echo fits", spec);
  CHECK_MESSAGE(ran.out == "fits\n", ran.err);
}

TEST_CASE("every process of a sandbox is in the group of cgroupsPath and the group goes with it") {
  const Runtime runtime;
  json spec = sleeper();
  spec["linux"]["cgroupsPath"] = "/kata-test-pods/c1";
  start(runtime, spec);
  const auto processes = runtime.processes();
  for (const char* name : {"kata-prox", "kata-shim", "qemu-syst", "virtiofsd"}) {
    CAPTURE(name);
    REQUIRE(processes.contains(name));
    for (const char* controller : {"devices", "memory", "cpu", "pids"})
      CHECK(path_in(processes.at(name), controller) == "/kata-test-pods/c1");
  }
  CHECK(runtime({"delete", "--force", "c1"}).exit_code == 0);
  CHECK_FALSE(group_exists("/kata-test-pods/c1"));
  for (const auto& hierarchy : fs::directory_iterator("/sys/fs/cgroup"))
    ::rmdir((hierarchy.path() / "kata-test-pods").c_str());  // the engine's, not ours
  CHECK(runtime.leaked() == "");
}

TEST_CASE("the VMM cannot open a disk of the host and can open what it needs") {
  const Runtime runtime;
  start(runtime, sleeper());
  const std::string rules = text_of("/sys/fs/cgroup/devices/kata/c1/devices.list");
  CHECK(rules.find("c 10:232 rwm") != std::string::npos);
  CHECK(rules.find("a *:*") == std::string::npos);
  CHECK(rules.find("b 8:") == std::string::npos);
  CHECK(runtime.leaked() == "");
}

TEST_CASE("a killed proxy leaves a group that delete removes") {
  const Runtime runtime;
  start(runtime, sleeper());
  CHECK(group_exists("/kata/c1"));
  REQUIRE(::kill(runtime.processes().at("kata-prox"), SIGKILL) == 0);
  const CommandResult deleted = runtime({"delete", "--force", "c1"});
  CHECK_MESSAGE(deleted.exit_code == 0, deleted.err);
  CHECK_FALSE(group_exists("/kata"));
  CHECK(runtime.leaked() == "");
}

TEST_CASE("with an overhead group only the guest's CPUs are in the pod's") {
  const Runtime runtime;
  runtime.configure("", "[runtime]\nsandbox_cgroup_only = false\n");
  start(runtime, sleeper());
  const auto processes = runtime.processes();
  CHECK(path_in(processes.at("qemu-syst"), "cpu") == "/kata_overhead/c1");
  CHECK(path_in(processes.at("virtiofsd"), "cpu") == "/kata_overhead/c1");
  std::set<std::string> of_threads;
  for (const auto& task :
       fs::directory_iterator("/proc/" + std::to_string(processes.at("qemu-syst")) + "/task"))
    of_threads.insert(path_in(std::stoi(task.path().filename()), "cpu"));
  CHECK(of_threads == std::set<std::string>{"/kata/c1", "/kata_overhead/c1"});
  CHECK(runtime({"delete", "--force", "c1"}).exit_code == 0);
  CHECK_FALSE(group_exists("/kata_overhead"));
  CHECK(runtime.leaked() == "");
}

TEST_CASE("an annotation counts when its name is enabled and is refused by name otherwise") {
  const Runtime runtime;
  json spec = default_spec({"/bin/true"});
  spec["annotations"][std::string(kAnnotation) + "default_vcpus"] = "2";
  CHECK(refusal(runtime, spec)
            .find("default_vcpus is not enabled: add \"default_vcpus\" to "
                  "enable_annotations in [hypervisor.qemu]") != std::string::npos);
  runtime.configure("enable_annotations = [\"default_vcpus\"]");
  const CommandResult ran = runtime.run_script("grep -c ^processor /proc/cpuinfo", spec);
  CHECK_MESSAGE(ran.out == "2\n", ran.err);
}

TEST_CASE("an annotation cannot replace the guest's first program") {
  const Runtime runtime;
  runtime.configure("enable_annotations = [\".*\"]");
  json spec = default_spec({"/bin/true"});
  spec["annotations"][std::string(kAnnotation) + "kernel_params"] = "quiet init=/bin/sh";
  CHECK(refusal(runtime, spec)
            .find("kernel_params: 'init=/bin/sh' would change what the guest's "
                  "safety rests on") != std::string::npos);
}

TEST_CASE("a privileged container starts without the host's devices") {
  const Runtime runtime;
  json spec = default_spec({});
  spec["linux"]["resources"]["devices"] = {{{"allow", true}, {"access", "rwm"}}};
  spec["linux"]["devices"] = {{{"path", "/dev/sda"}, {"type", "b"}, {"major", 8}, {"minor", 0}},
                              {{"path", "/dev/kvm"}, {"type", "c"}, {"major", 10}, {"minor", 232}}};
  const CommandResult ran =
      runtime.run_script("ls /dev/sda /dev/kvm 2>/dev/null; test -c /dev/null && echo null", spec);
  CHECK_MESSAGE(ran.out == "null\n", ran.err);
}

TEST_CASE("the host's device nodes are refused with the remedy") {
  const Runtime runtime;
  json spec = default_spec({"/bin/true"});
  spec["mounts"].push_back(
      {{"destination", "/hostdev"}, {"type", "bind"}, {"source", "/dev"}, {"options", {"rbind"}}});
  CHECK(refusal(runtime, spec).find("the guest has its own /dev: remove the mount") !=
        std::string::npos);
}

TEST_CASE("the size of /dev/shm is the one that config.json says") {
  const Runtime runtime;
  json spec = default_spec({});
  for (json& mount : spec["mounts"])
    if (mount["destination"] == "/dev/shm") mount["options"].back() = "size=16m";
  const CommandResult ran = runtime.run_script("df -k /dev/shm | awk 'END{print $2}'", spec);
  CHECK_MESSAGE(ran.out == "16384\n", ran.err);
}

TEST_CASE("a hook without a timeout does not hold an interrupted create") {
  const Runtime runtime;
  json spec = sleeper();
  const fs::path mark = runtime.directory() / "hook-runs";
  spec["hooks"]["createRuntime"] = {
      {{"path", "/bin/sh"}, {"args", {"sh", "-c", "echo > " + mark.string() + "; sleep 1000"}}}};
  const auto command = runtime.command({"create", "--bundle", runtime.make("c1", spec), "c1"});
  Background create(command, runtime.options(), runtime.bundle("out"));
  REQUIRE(eventually([&] { return fs::exists(mark); }, std::chrono::seconds(30)));
  REQUIRE(::kill(create.pid(), SIGINT) == 0);
  CHECK(create.wait(std::chrono::seconds(20)) == 1);
  CHECK(runtime.state("c1").contains("error"));
  CHECK(runtime.leaked() == "");
}
