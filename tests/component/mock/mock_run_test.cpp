// SPDX-License-Identifier: Apache-2.0
//
// `kata-runtime run` of a bundle without a VM: hypervisor "mock", the real agent, the real proxy.
#include <doctest/doctest.h>
#include <signal.h>

#include <fstream>
#include <set>
#include <sstream>

#include "tests/integration/harness/bundle.h"
#include "tests/integration/harness/runtime.h"

using namespace kata::test;
using std::chrono::seconds;

namespace {

void select_mock(const Runtime& runtime, const char* keys = "unsafe_no_vm = true\n",
                 const char* share = "bind", const char* network = "none") {
  std::ofstream(runtime.config_file())
      << "[plugins]\ndirectory = \"" KATA_PLUGIN_DIR "\"\nhypervisor = \"mock\"\n"
      << "shared_filesystem = \"" << share << "\"\nnetwork = \"" << network
      << "\"\n[hypervisor.mock]\npath = \"" KATA_MOCK_VM "\"\nagent = \"" KATA_AGENT "\"\n"
      << keys;
}

pid_t mock_vm_of(const Runtime& runtime, const std::string& id) {
  std::ifstream record(runtime.root() / id / "hv/mock.json");
  return nlohmann::json::parse(record).at("pid").get<pid_t>();
}

pid_t proxy_of(const Runtime& runtime, const std::string& id) {
  std::ifstream record(runtime.root() / id / "sandbox.json");
  return nlohmann::json::parse(record).at("proxy").at("pid").get<pid_t>();
}

void start(const Runtime& runtime, const std::string& id) {
  runtime.make(id, default_spec({"/bin/sleep", "1000"}));
  const auto started = runtime({"run", "--detach", "--bundle", runtime.bundle(id), id});
  REQUIRE_MESSAGE(started.exit_code == 0, started.err);
}

}  // namespace

TEST_CASE("run with the mock hypervisor gives the workload's output and exit code") {
  const Runtime runtime;
  select_mock(runtime);
  const CommandResult result =
      runtime.run_script("read line; echo $line; hostname >&2; exit 7", {}, "from stdin\n");
  CHECK_MESSAGE(result.exit_code == 7, result.err);
  CHECK(result.out == "from stdin\n");
  CHECK(runtime.leaked() == "");
}

TEST_CASE("a workload writes to its rootfs on the host") {
  const Runtime runtime;
  select_mock(runtime);
  const CommandResult result = runtime.run_script("echo written > /file; ls /proc | grep -c '^1$'");
  CHECK_MESSAGE(result.exit_code == 0, result.err);
  CHECK(result.out == "1\n");
  std::ifstream file(runtime.bundle("bundle") / "rootfs/file");
  std::string text;
  std::getline(file, text);
  CHECK(text == "written");
}

TEST_CASE("the mock's guest runs beside a host whose records are where the agent has its own") {
  const Runtime runtime;
  select_mock(runtime);
  const auto bundle = runtime.make("bundle", default_spec({"/bin/echo", "there"}));
  const std::string id = runtime.directory().filename();  // no other test's
  const CommandResult result = run({KATA_RUNTIME, "--root", "/run/kata-containers", "--config",
                                    runtime.config_file(), "run", "--bundle", bundle, id},
                                   runtime.options());
  CHECK_MESSAGE(result.exit_code == 0, result.err);
  CHECK(result.out == "there\n");
}

TEST_CASE("a container of the mock hypervisor has namespaces of its own") {
  const Runtime runtime;
  select_mock(runtime);
  const CommandResult result =
      runtime.run_script("for i in mnt pid net uts ipc cgroup; do readlink /proc/self/ns/$i; done");
  REQUIRE_MESSAGE(result.exit_code == 0, result.err);
  std::istringstream inside(result.out);
  std::error_code ignored;
  for (const char* space : {"mnt", "pid", "net", "uts", "ipc", "cgroup"}) {
    std::string name;
    std::getline(inside, name);
    const auto host = std::filesystem::read_symlink(std::string("/proc/self/ns/") + space, ignored);
    CHECK_MESSAGE((!name.empty() && name != host), space, " is ", name, " on both sides");
  }
}

TEST_CASE("exec and kill and delete work with the mock hypervisor") {
  const Runtime runtime;
  select_mock(runtime);
  start(runtime, "c1");
  const CommandResult executed = runtime({"exec", "c1", "/bin/sh", "-c", "echo in; exit 3"});
  CHECK(executed.exit_code == 3);
  CHECK(executed.out == "in\n");
  CHECK(runtime({"kill", "c1", "KILL"}).exit_code == 0);
  CHECK(
      eventually([&] { return runtime.state("c1").value("status", "") == "stopped"; }, seconds(5)));
  CHECK(runtime({"delete", "c1"}).exit_code == 0);
  CHECK(runtime.leaked() == "");
}

TEST_CASE("a killed mock VM ends its containers and leaves nothing") {
  const Runtime runtime;
  select_mock(runtime);
  start(runtime, "c1");
  ::kill(mock_vm_of(runtime, "c1"), SIGKILL);
  CHECK(
      eventually([&] { return runtime.state("c1").value("status", "") == "stopped"; }, seconds(5)));
  CHECK(runtime.leaked() == "");
}

TEST_CASE("what a killed proxy left of a mock VM is cleaned by delete") {
  const Runtime runtime;
  select_mock(runtime);
  start(runtime, "c1");
  ::kill(proxy_of(runtime, "c1"), SIGKILL);
  CHECK(
      eventually([&] { return runtime.state("c1").value("status", "") == "stopped"; }, seconds(5)));
  const CommandResult deleted = runtime({"delete", "--force", "c1"});
  CHECK_MESSAGE(deleted.exit_code == 0, deleted.err);
  CHECK(runtime.leaked() == "");
}

TEST_CASE("the mock hypervisor is refused without its key") {
  const Runtime runtime;
  select_mock(runtime, "");
  const CommandResult result = runtime.run_script("exit 0");
  CHECK(result.exit_code == 1);
  CHECK_MESSAGE(result.err.find("without a virtual machine around them: select another one, or set "
                                "unsafe_no_vm = true in [hypervisor.mock]") != std::string::npos,
                result.err);
  CHECK(runtime.leaked() == "");
}

TEST_CASE("plugins that need a machine are refused with the mock hypervisor by both names") {
  struct Row {
    const char* share;
    const char* message;
  };
  for (const Row& row : {Row{"9p",
                             "shared_filesystem '9p' needs a 9p server in the VMM, which "
                             "hypervisor 'mock' does not have"},
                         Row{"virtiofs",
                             "shared_filesystem 'virtiofs' is a vhost-user device, "
                             "which hypervisor 'mock' cannot carry"}}) {
    const Runtime runtime;
    select_mock(runtime, "unsafe_no_vm = true\n", row.share);
    const CommandResult result = runtime.run_script("exit 0");
    CHECK(result.exit_code == 1);
    CHECK_MESSAGE(result.err.find(row.message) != std::string::npos, result.err);
  }
}

TEST_CASE("the bind share is refused with a hypervisor that has a machine") {
  const Runtime runtime;
  std::ofstream(runtime.config_file())
      << "[plugins]\ndirectory = \"" KATA_PLUGIN_DIR "\"\nhypervisor = \"qemu\"\n"
      << "shared_filesystem = \"bind\"\nnetwork = \"none\"\n";
  const CommandResult result = runtime.run_script("exit 0");
  CHECK(result.exit_code == 1);
  CHECK_MESSAGE(
      result.err.find("shared_filesystem 'bind' needs a guest that sees the host's files, "
                      "which one of hypervisor 'qemu' does not") != std::string::npos,
      result.err);
}

TEST_CASE("twenty sandboxes without a VM run beside each other") {
  const Runtime runtime;
  select_mock(runtime);
  for (int i = 0; i < 20; ++i) start(runtime, "c" + std::to_string(i));
  std::istringstream ids(runtime({"list", "--quiet"}).out);
  int count = 0;
  for (std::string id; std::getline(ids, id);) ++count;
  CHECK(count == 20);
  CHECK(runtime.leaked() == "");
}

TEST_CASE("a sandbox has the selected plugins mapped and no other") {
  const Runtime runtime;
  select_mock(runtime);
  start(runtime, "c1");
  std::set<std::string> plugins;
  std::ifstream maps("/proc/" + std::to_string(proxy_of(runtime, "c1")) + "/maps");
  for (std::string line; std::getline(maps, line);)
    if (const auto at = line.find("libkata-"); at != std::string::npos)
      plugins.insert(line.substr(at));
  CHECK(plugins == std::set<std::string>{"libkata-fs-bind.so", "libkata-hypervisor-mock.so"});
}

TEST_CASE("a plugin that crashes the sandbox's process is named by run") {
  struct Row {
    const char* library;
    const char* keys;
    const char* message;
  };
  for (const Row& row :
       {Row{"fatal", "[network.fatal]\nnames = [\"segv\"]\n",
            "plugin 'fatal' crashed this program in create: signal 11"},
        Row{"abort_at_load", "",
            "abort_at_load.so' crashed this program in its static initialisers: signal 6"}}) {
    const Runtime runtime;
    const std::string library = std::string(KATA_BROKEN_PLUGINS "/") + row.library + ".so";
    select_mock(runtime, "unsafe_no_vm = true\n", "bind", library.c_str());
    std::ofstream(runtime.config_file(), std::ios::app) << row.keys;
    const CommandResult result = runtime.run_script("exit 0");
    CHECK(result.exit_code == 1);
    CHECK_MESSAGE(result.err.find(row.message) != std::string::npos, result.err);
    CHECK(runtime.leaked() == "");
  }
}
