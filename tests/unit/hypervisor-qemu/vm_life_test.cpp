// SPDX-License-Identifier: Apache-2.0
//
// QemuHypervisor against fake-qemu: the faults that a real QEMU does not produce on request.
#include <dirent.h>
#include <doctest/doctest.h>
#include <signal.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

#include "kata/concat.h"
#include "kata/unix_socket.h"
#include "workshop.h"

using namespace kata;
using namespace kata::qemu;
using namespace kata::qemu::test;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

std::size_t open_descriptors() {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

bool has_children() {
  std::ifstream file(concat("/proc/self/task/", ::gettid(), "/children"));
  std::string word;
  return static_cast<bool>(file >> word);
}

// The error of a start that must fail, after which nothing may be left.
Error failed_start(std::string_view behaviour, milliseconds time,
                   std::string_view path = FAKE_QEMU) {
  Workshop workshop;
  auto hypervisor = workshop.created(behaviour, path);
  const auto result = hypervisor->start_vm(in(time));
  REQUIRE_FALSE(result.ok());
  CHECK(workshop.files_left() == 0);
  CHECK_FALSE(has_children());
  CHECK(result.error().message.find('\n') == std::string::npos);
  return result.error();
}

}  // namespace

TEST_CASE("a VM starts and reports its processes and pauses and stops") {
  Workshop workshop;
  auto hypervisor = workshop.started("plain");
  const auto processes = hypervisor->processes();
  REQUIRE(processes.ok());
  CHECK(processes.value().vmm_pid > 1);
  CHECK(processes.value().vcpu_tids == std::vector<std::int32_t>{41, 42});
  CHECK(hypervisor->pause_vm(in(seconds(5))).ok());
  CHECK(hypervisor->resume_vm(in(seconds(5))).ok());
  const auto address = hypervisor->agent_address();
  REQUIRE(address.ok());
  CHECK(connect_unix(std::get<SerialAddress>(address.value()).socket).ok());
  CHECK(hypervisor->stop_vm(in(seconds(5))).ok());
  CHECK(hypervisor->stop_vm(in(seconds(5))).ok());
  CHECK(workshop.files_left() == 0);
  CHECK_FALSE(has_children());
  const auto exit = hypervisor->wait_vm();
  REQUIRE(exit.ok());
  CHECK(exit.value().requested);
  CHECK(exit.value().status == 0);
}

TEST_CASE("a monitor that mixes events and foreign replies in is understood") {
  Workshop workshop;
  auto hypervisor = workshop.started("noisy");
  CHECK(hypervisor->processes().ok());
  CHECK(hypervisor->stop_vm(in(seconds(5))).ok());
}

TEST_CASE("a program that is no QEMU is named with the key to correct") {
  CHECK(failed_start("", seconds(10), "/bin/true").message ==
        "QEMU '/bin/true' ended with exit code 0 before it answered on its monitor socket: is "
        "hypervisor.qemu.path a QEMU?");
}

TEST_CASE("a QEMU that refuses its arguments is quoted") {
  const Error error = failed_start("refuse", seconds(10));
  CHECK(error.code == ErrorCode::kUnavailable);
  CHECK(error.message.find("exit code 3") != std::string::npos);
  CHECK(error.message.find("unsupported machine type") != std::string::npos);
}

TEST_CASE("a QEMU that ends in the middle of its greeting is an early death") {
  CHECK(failed_start("cut", seconds(10)).message.find("exit code 4") != std::string::npos);
}

TEST_CASE("a QEMU that is too old is refused and gone") {
  const Error error = failed_start("old", seconds(10));
  CHECK(error.message.find("version 4.2") != std::string::npos);
}

TEST_CASE("a monitor that floods is refused and gone") {
  CHECK(failed_start("flood", seconds(10)).code == ErrorCode::kResourceExhausted);
}

TEST_CASE("a monitor that is silent or too slow is a timeout and gone") {
  for (const char* behaviour : {"silent", "slow"}) {
    const auto begin = steady_clock::now();
    CHECK(failed_start(behaviour, milliseconds(300)).code == ErrorCode::kTimeout);
    CHECK(steady_clock::now() - begin < seconds(3));
  }
}

TEST_CASE("a start with a deadline that has passed starts nothing") {
  CHECK(failed_start("plain", milliseconds(-1)).code == ErrorCode::kTimeout);
}

TEST_CASE("a VM can be started after a start that failed") {
  Workshop workshop;
  auto hypervisor = workshop.created("plain");
  CHECK_FALSE(hypervisor->start_vm(in(milliseconds(-1))).ok());
  CHECK(hypervisor->start_vm(in(seconds(10))).ok());
  CHECK(hypervisor->stop_vm(in(seconds(5))).ok());
}

TEST_CASE("stop_vm kills a QEMU that ignores it at the deadline") {
  Workshop workshop;
  auto hypervisor = workshop.started("stubborn");
  const auto begin = steady_clock::now();
  CHECK(hypervisor->stop_vm(in(milliseconds(400))).ok());
  CHECK(steady_clock::now() - begin >= milliseconds(400));
  CHECK(steady_clock::now() - begin < seconds(3));
  const auto exit = hypervisor->wait_vm();
  REQUIRE(exit.ok());
  CHECK(exit.value().status == 128 + SIGKILL);
  CHECK(workshop.files_left() == 0);
}

TEST_CASE("stop_vm kills a frozen QEMU") {
  Workshop workshop;
  auto hypervisor = workshop.started("plain");
  REQUIRE(::kill(hypervisor->processes().take().vmm_pid, SIGSTOP) == 0);
  CHECK(hypervisor->stop_vm(in(milliseconds(300))).ok());
  CHECK_FALSE(has_children());
}

TEST_CASE("wait_vm tells of a kill that nobody asked for") {
  Workshop workshop;
  auto hypervisor = workshop.started("plain");
  Result<VmExit> exit = VmExit{};
  std::thread waiter([&] { exit = hypervisor->wait_vm(); });
  REQUIRE(::kill(hypervisor->processes().take().vmm_pid, SIGKILL) == 0);
  waiter.join();
  REQUIRE(exit.ok());
  CHECK_FALSE(exit.value().requested);
  CHECK(exit.value().status == 128 + SIGKILL);
  CHECK(exit.value().reason == "QEMU ended with signal 9 (Killed)");
  CHECK(hypervisor->stop_vm(in(seconds(1))).ok());
  CHECK_FALSE(hypervisor->wait_vm().take().requested);
}

TEST_CASE("wait_vm tells of a panic from the console") {
  Workshop workshop;
  auto hypervisor = workshop.started("panic");
  const auto exit = hypervisor->wait_vm();
  REQUIRE(exit.ok());
  CHECK(exit.value().reason ==
        "the guest kernel panicked: Kernel panic - not syncing: No working init found.");
  CHECK(hypervisor->stop_vm(in(seconds(1))).ok());
  CHECK(hypervisor->console_tail(1).take().find("Kernel panic") != std::string::npos);
}

TEST_CASE("commands to a QEMU that crashed fail at once") {
  Workshop workshop;
  auto hypervisor = workshop.started("crash");
  CHECK(hypervisor->wait_vm().take().status == 128 + SIGABRT);
  const auto begin = steady_clock::now();
  CHECK_FALSE(hypervisor->pause_vm(in(seconds(5))).ok());
  CHECK_FALSE(hypervisor->processes().ok());
  CHECK(steady_clock::now() - begin < seconds(1));
  CHECK(hypervisor->stop_vm(in(seconds(1))).ok());
}

TEST_CASE("an instance made from a saved state ends the VM of another") {
  Workshop workshop;
  auto first = workshop.started("plain");
  auto second = workshop.make("plain", first->save_state().take());
  CHECK(std::get<SerialAddress>(second->agent_address().take()).socket ==
        std::get<SerialAddress>(first->agent_address().take()).socket);
  CHECK(second->stop_vm(in(seconds(5))).ok());
  CHECK(second->stop_vm(in(seconds(5))).ok());
  CHECK(workshop.files_left() == 0);
  CHECK(first->wait_vm().ok());
}

TEST_CASE("a saved state whose process is gone or another one harms nobody") {
  Workshop workshop;
  const std::string stranger =
      concat(R"({"version":1,"pid":)", ::getpid(), R"(,"start_time":1,"guest_cid":0,"nics":{}})");
  auto hypervisor = workshop.make("plain", stranger);
  CHECK(hypervisor->stop_vm(in(seconds(1))).ok());
  CHECK_FALSE(hypervisor->wait_vm().ok());
}

TEST_CASE("a saved state that cannot be read is refused by create") {
  Workshop workshop;
  auto made = QemuHypervisor::create({workshop.host, "{}", "test", workshop.state(), "nonsense"});
  CHECK_FALSE(made.ok());
}

TEST_CASE("a bad spec is refused by key before anything exists") {
  Workshop workshop;
  const auto refuse = [&](auto change, std::string_view expected) {
    VmSpec spec = workshop.spec();
    change(spec);
    const auto result = workshop.make("plain")->create_vm(std::move(spec), {});
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().code == ErrorCode::kInvalidArgument);
    CHECK_MESSAGE(result.error().message.find(expected) != std::string::npos,
                  result.error().message);
  };
  refuse([](VmSpec& spec) { spec.kernel = "/nonexistent"; }, "hypervisor.qemu.kernel");
  refuse([](VmSpec& spec) { spec.kernel = "/tmp"; }, "not a regular file");
  refuse([](VmSpec& spec) { spec.initrd = "/nonexistent"; }, "hypervisor.qemu.initrd");
  refuse([](VmSpec& spec) { spec.initrd = "relative"; }, "not absolute");
  refuse([](VmSpec& spec) { spec.initrd.clear(); }, "no guest initrd");
  refuse([](VmSpec& spec) { spec.boot.memory_mib = 8; }, "default_memory");
  refuse([](VmSpec& spec) { spec.boot.vcpus = 0; }, "default_vcpus");
  refuse([](VmSpec& spec) { spec.boot.vcpus = 1000; }, "default_vcpus");
  refuse([](VmSpec& spec) { spec.id = "a,b"; }, "sandbox id");
  refuse([](VmSpec& spec) { spec.kernel_params = "a\nb"; }, "kernel_params");
  refuse([](VmSpec& spec) { spec.kernel_params.assign(2048, 'x'); }, "kernel_params");
  CHECK(workshop.files_left() == 0);
}

TEST_CASE("a bad device is refused by its name") {
  Workshop workshop;
  const auto refuse = [&](Device device, std::string_view expected) {
    std::vector<Device> devices;
    devices.push_back(std::move(device));
    const auto result = workshop.make("plain")->create_vm(workshop.spec(), std::move(devices));
    REQUIRE_FALSE(result.ok());
    CHECK_MESSAGE(result.error().message.find(expected) != std::string::npos,
                  result.error().message);
  };
  refuse(BlockDevice{"a,b", "/dev/null"}, "device id 'a,b'");
  refuse(BlockDevice{std::string(32, 'x'), "/dev/null"}, "1 to 31");
  refuse(BlockDevice{"disk", "/nonexistent"}, "block device 'disk'");
  refuse(BlockDevice{"disk", "/dev/null"}, "neither a file nor a block device");
  refuse(TapDevice{"eth0", "tap0", "02:00", {}}, "not a MAC address");
  refuse(TapDevice{"eth0", "tap0", "02:00:00:00:00:01", {}}, "has no descriptor");
  refuse(VhostUserFs{"fs", "/run/x", "tag", 1000}, "power of 2");
  refuse(VhostUserFs{"fs", "/run/x", "", 1024}, "tag");
  refuse(VhostUserFs{"fs", "/run/x", "tag", 1024}, "shared guest memory");
  refuse(VhostUserFs{"fs", "/" + std::string(200, 'x'), "tag", 1024}, "socket path");
  refuse(Plan9Share{"p9", "relative", "tag"}, "not absolute");
  refuse(HostPciDevice{"pci", "0000:3b:00.0"}, "0000:3b:00.0");
}

TEST_CASE("two devices of one id are refused") {
  Workshop workshop;
  std::vector<Device> devices;
  devices.emplace_back(BlockDevice{"disk", workshop.root / "initrd"});
  devices.emplace_back(BlockDevice{"disk", workshop.root / "initrd"});
  CHECK_FALSE(workshop.make("plain")->create_vm(workshop.spec(), std::move(devices)).ok());
}

TEST_CASE("methods out of order are refused and stop_vm is always allowed") {
  Workshop workshop;
  auto hypervisor = workshop.make("plain");
  CHECK(hypervisor->start_vm(in(seconds(1))).error().code == ErrorCode::kFailedPrecondition);
  CHECK(hypervisor->agent_address().error().code == ErrorCode::kFailedPrecondition);
  CHECK(hypervisor->wait_vm().error().code == ErrorCode::kFailedPrecondition);
  CHECK(hypervisor->pause_vm(in(seconds(5))).error().code == ErrorCode::kFailedPrecondition);
  CHECK(hypervisor->processes().error().code == ErrorCode::kFailedPrecondition);
  CHECK(hypervisor->stop_vm(in(seconds(1))).ok());
  REQUIRE(hypervisor->create_vm(workshop.spec(), {}).ok());
  CHECK(hypervisor->create_vm(workshop.spec(), {}).error().code == ErrorCode::kFailedPrecondition);
}

TEST_CASE("what the plugin cannot do it refuses by name") {
  Workshop workshop;
  auto hypervisor = workshop.started("plain");
  CHECK_FALSE(hypervisor->capabilities().block_hotplug);
  const auto attached = hypervisor->attach(BlockDevice{"disk", "/x"}, in(seconds(1)));
  CHECK(attached.error().code == ErrorCode::kUnsupported);
  CHECK(attached.error().message.find("'disk'") != std::string::npos);
  CHECK(hypervisor->detach("disk", in(seconds(1))).error().code == ErrorCode::kNotFound);
  CHECK(hypervisor->extension("kata.hypervisor.resize/draft-1") == nullptr);
  CHECK(hypervisor->stop_vm(in(seconds(5))).ok());
}

TEST_CASE("a state directory deeper than a socket's path is no obstacle") {
  Workshop workshop;
  const auto deep = workshop.state() / std::string(100, 'd');
  std::filesystem::create_directory(deep);
  const std::string config = concat(R"({"path":")", FAKE_QEMU, R"(","agent_transport":"serial"})");
  auto hypervisor = QemuHypervisor::create({workshop.host, config, "test", deep, ""}).take();
  REQUIRE(hypervisor->create_vm(workshop.spec(), {}).ok());
  const auto result = hypervisor->start_vm(in(seconds(5)));
  REQUIRE_MESSAGE(result.ok(), result.error().message);
  CHECK(hypervisor->stop_vm(in(seconds(5))).ok());
}

TEST_CASE("cycles of start and stop leak neither a descriptor nor a child") {
  Workshop workshop;
  workshop.started("plain")->stop_vm(in(seconds(5))).take();
  const std::size_t before = open_descriptors();
  for (int cycle = 0; cycle < 10; ++cycle)
    CHECK(workshop.started("plain")->stop_vm(in(seconds(5))).ok());
  for (int cycle = 0; cycle < 3; ++cycle) (void)failed_start("refuse", seconds(5));
  CHECK(open_descriptors() == before);
  CHECK_FALSE(has_children());
}
