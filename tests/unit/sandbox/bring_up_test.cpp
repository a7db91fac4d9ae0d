// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/unit/sandbox/stage.h"

namespace kata::sandbox {

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const Calls kChecks{"network.check_host", "filesystem.check_host", "hypervisor.check_host"};

Calls after_checks(Calls more) {
  Calls all = kChecks;
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace

TEST_CASE("bring-up asks each part once and in order") {
  Stage stage;
  const auto started = stage.start();
  REQUIRE_MESSAGE(started.ok(), started.error().message);
  CHECK(stage.log.take() ==
        after_checks({"network.attach", "filesystem.start", "hypervisor.create_vm",
                      "hypervisor.start_vm", "agent.Check", "agent.CreateSandbox"}));
  CHECK(stage.hypervisor->device_count == 1);
  CHECK(stage.hypervisor->spec.id == "s1");
  CHECK(stage.sandbox->status().running);
  CHECK(stage.sandbox->status().vmm_pid == ::getpid());
}

TEST_CASE("the agent is told of the share the sandbox's shared memory and the guest's hooks") {
  config::Config config;
  config.vm.guest_hook_path = "/usr/share/oci/hooks";
  Stage stage(config);
  REQUIRE(stage.start().ok());
  grpc::CreateSandboxRequest request;
  REQUIRE(request.ParseFromString(stage.agent.payloads["CreateSandbox"]));
  CHECK(request.sandbox_id() == "s1");
  CHECK(request.hostname() == "guest-name");
  CHECK(request.guest_hook_path() == "/usr/share/oci/hooks");
  REQUIRE(request.storages_size() == 2);
  CHECK(request.storages(0).driver() == "virtio-fs");
  CHECK(request.storages(0).source() == "kataShared");
  CHECK(request.storages(0).mount_point() == "/run/shared/");
  CHECK(request.storages(1).driver() == "ephemeral");
  CHECK(request.storages(1).mount_point() == "/run/kata-containers/sandbox/shm");
}

TEST_CASE("kernel modules, host name and resolv.conf reach the agent") {
  const SandboxIdentity identity{.id = "s1", .dns = {"nameserver 10.0.0.1", "search a b"}};
  const auto request = create_sandbox_request(identity, {}, {"fuse", "loop max_loop=8 x=y", " "});
  CHECK(request.hostname() == "s1");
  REQUIRE(request.dns_size() == 2);
  CHECK(request.dns(1) == "search a b");
  REQUIRE(request.kernel_modules_size() == 2);
  CHECK(request.kernel_modules(0).name() == "fuse");
  CHECK(request.kernel_modules(1).name() == "loop");
  CHECK(request.kernel_modules(1).parameters_size() == 2);
}

TEST_CASE("the network's plan is set up in the guest before the sandbox") {
  Stage stage;
  GuestInterface interface;
  interface.name = "eth0";
  interface.addresses = {"10.0.0.2/24"};
  stage.network->guest.interfaces.push_back(interface);
  stage.network->guest.routes.push_back({"", "10.0.0.1", "", "eth0", 0});
  REQUIRE(stage.start().ok());
  const Calls calls = stage.log.take();
  REQUIRE(calls.size() == 11);
  CHECK(Calls(calls.end() - 3, calls.end()) ==
        Calls{"agent.UpdateInterface", "agent.UpdateRoutes", "agent.CreateSandbox"});
  grpc::UpdateInterfaceRequest request;
  REQUIRE(request.ParseFromString(stage.agent.payloads["UpdateInterface"]));
  CHECK(request.interface().ipaddresses(0).address() == "10.0.0.2");
  CHECK(request.interface().ipaddresses(0).mask() == "24");
}

TEST_CASE("each plugin's state is in the record once its step is done") {
  Stage stage;
  REQUIRE(stage.start().ok());
  const SandboxRecord record = stage.record();
  CHECK(record.plugin_state.at("network") == "network state");
  CHECK(record.plugin_state.at("shared_filesystem") == "filesystem state");
  CHECK(record.plugin_state.at("hypervisor") == "hypervisor state");
  CHECK(record.vmm.pid == ::getpid());
  CHECK(record.vmm.start_time != 0);
}

TEST_CASE("a step that fails undoes those before it and nothing else") {
  struct Row {
    const char* step;
    Calls after;  // from the failing call on
  };
  const Row rows[] = {
      {"hypervisor.check_host", {}},
      {"network.attach", {}},
      {"filesystem.start", {"network.detach"}},
      {"hypervisor.create_vm", {"filesystem.stop", "network.detach"}},
      {"hypervisor.start_vm", {"hypervisor.stop_vm", "filesystem.stop", "network.detach"}},
      {"agent.CreateSandbox", {"hypervisor.stop_vm", "filesystem.stop", "network.detach"}}};
  for (const Row& row : rows) {
    CAPTURE(row.step);
    Stage stage;
    stage.log.fail(row.step);
    const auto started = stage.start();
    REQUIRE_FALSE(started.ok());
    CHECK(started.error().code == ErrorCode::kResourceExhausted);
    CHECK(contains(started.error().message, std::string("planted failure of ") + row.step));
    const Calls calls = stage.log.take();
    const auto failing = std::find(calls.begin(), calls.end(), row.step);
    REQUIRE(failing != calls.end());
    CHECK(Calls(failing + 1, calls.end()) == row.after);
    CHECK_FALSE(stage.sandbox->status().running);
  }
}

TEST_CASE("a record that cannot be written stops the bring-up and undoes it") {
  Stage stage;
  std::filesystem::remove_all(stage.store.directory("s1"));
  const auto started = stage.start();
  REQUIRE_FALSE(started.ok());
  CHECK(stage.log.take() == after_checks({"network.attach", "network.detach"}));
}

TEST_CASE("plugins that do not fit are refused before anything is asked of them") {
  Stage stage;
  stage.filesystem->wanted.shared_memory = true;
  const auto started = stage.start();
  REQUIRE_FALSE(started.ok());
  CHECK(started.error().code == ErrorCode::kUnsupported);
  CHECK(contains(started.error().message, "'fake-fs'"));
  CHECK(contains(started.error().message, "'fake-vm'"));
  CHECK(stage.log.take().empty());
}

TEST_CASE("a guest that dies while booting is reported as such with the VM's own reason") {
  Stage stage;
  stage.agent.silent = true;
  stage.hypervisor->console = "noise after the panic\n";
  stage.hypervisor->die("Kernel panic - not syncing");
  const auto started = stage.start();
  REQUIRE_FALSE(started.ok());
  CHECK(started.error().code == ErrorCode::kUnavailable);
  CHECK(contains(started.error().message, "the guest ended before its agent answered"));
  CHECK(contains(started.error().message, "Kernel panic - not syncing"));
  CHECK_FALSE(contains(started.error().message, "noise"));
  CHECK(stage.log.take() ==
        after_checks({"network.attach", "filesystem.start", "hypervisor.create_vm",
                      "hypervisor.start_vm", "hypervisor.stop_vm", "filesystem.stop",
                      "network.detach"}));
}

TEST_CASE("a file server that dies while booting ends the wait too") {
  Stage stage;
  stage.agent.silent = true;
  stage.filesystem->die("killed by signal 11");
  const auto started = stage.start();
  REQUIRE_FALSE(started.ok());
  CHECK(contains(started.error().message, "shared filesystem ended: killed by signal 11"));
}

TEST_CASE("a VM that does not start because its file server died says why that died") {
  Stage stage;
  stage.log.fail("hypervisor.start_vm");
  stage.filesystem->die("pivot_root: Invalid argument");
  const auto started = stage.start();
  REQUIRE_FALSE(started.ok());
  CHECK(contains(started.error().message, "shared filesystem ended: pivot_root: Invalid argument"));
  CHECK(contains(started.error().message, "planted failure of hypervisor.start_vm"));
}

TEST_CASE("an agent that stays silent is a timeout that names its key and shows the console") {
  Stage stage;
  stage.agent.silent = true;
  stage.hypervisor->console = "first\nlast \x1b[2J line\n";
  const auto started = stage.start();
  REQUIRE_FALSE(started.ok());
  CHECK(started.error().code == ErrorCode::kTimeout);
  CHECK(contains(started.error().message, "[agent.kata] dial_timeout"));
  CHECK(contains(started.error().message, "first | last  [2J line"));
}

TEST_CASE("a guest that sleeps through a request is woken by the next one") {
  Stage stage;
  stage.agent.naps_in = "CreateSandbox";
  const auto started = stage.start();
  CHECK_MESSAGE(started.ok(), (started.ok() ? "" : started.error().message));
}

TEST_CASE("an agent address that nobody listens on is a timeout that says so") {
  Stage stage;
  std::filesystem::remove(stage.socket);
  const auto started = stage.start();
  REQUIRE_FALSE(started.ok());
  CHECK(started.error().code == ErrorCode::kTimeout);
  CHECK(contains(started.error().message, "agent.sock"));
}

TEST_CASE("a shutdown while starting makes the start fail and undo") {
  Stage stage;
  stage.agent.silent = true;
  auto both = [](Sandbox& sandbox, Event& told) -> boost::asio::awaitable<Result<void>> {
    auto stop = [](Sandbox& inner, Event& event) -> boost::asio::awaitable<void> {
      co_await sleep_until(std::chrono::steady_clock::now() + std::chrono::milliseconds(50));
      static_cast<void>(co_await inner.shutdown(std::chrono::milliseconds{0}));
      event.set();
    };
    boost::asio::co_spawn(co_await boost::asio::this_coro::executor, stop(sandbox, told),
                          boost::asio::detached);
    auto outcome = co_await sandbox.start();
    co_await told.wait();
    co_return outcome;
  };
  Event told(stage.loop.get_executor());
  const auto started = await(stage.loop, both(*stage.sandbox, told));
  REQUIRE_FALSE(started.ok());
  CHECK(contains(started.error().message, "told to stop"));
  const Calls calls = stage.log.take();
  CHECK(Calls(calls.end() - 3, calls.end()) ==
        Calls{"hypervisor.stop_vm", "filesystem.stop", "network.detach"});
}

}  // namespace kata::sandbox
