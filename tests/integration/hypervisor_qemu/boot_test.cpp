// SPDX-License-Identifier: Apache-2.0
//
// QemuHypervisor with a real QEMU and the real guest.
#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

#include "kata/concat.h"
#include "kata/plugin/extension.h"
#include "kata/unix_socket.h"
#include "qemu_hypervisor.h"

using namespace kata;
using namespace kata::qemu;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

constexpr seconds kBootTime{60};  // far above a boot under TCG on a busy machine

Deadline in(milliseconds time) { return steady_clock::now() + time; }

struct QuietHost final : plugin::Host {
  void log(Level, std::string_view) noexcept override {}
  std::uint64_t begin_span(std::string_view) noexcept override { return 0; }
  void end_span(std::uint64_t) noexcept override {}
};

const std::string kConfig =
    R"({"agent_transport":"serial","cpu_features":"pmu=off",)"
    R"("seccompsandbox":"on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"})";

struct Vm {
  QuietHost host{};
  std::filesystem::path state{};
  VmSpec spec{};
  std::unique_ptr<QemuHypervisor> hypervisor{};

  Vm() {
    char name[] = "/tmp/kata-vm-XXXXXX";
    state = ::mkdtemp(name);
    spec.id = "boot-test";
    spec.kernel = std::filesystem::path(KATA_GUEST_DIR) / "vmlinux";
    spec.initrd = std::filesystem::path(KATA_GUEST_DIR) / "initrd.img";
    spec.boot = {1, 256};
    spec.shared_memory = true;
    hypervisor = QemuHypervisor::create({host, kConfig, spec.id, state, ""}).take();
  }
  ~Vm() {
    (void)hypervisor->stop_vm(steady_clock::now());
    std::filesystem::remove_all(state);
  }
  void start() {
    const auto created = hypervisor->create_vm(spec, {});
    REQUIRE_MESSAGE(created.ok(), (created.ok() ? "" : created.error().message));
    const auto started = hypervisor->start_vm(in(kBootTime));
    REQUIRE_MESSAGE(started.ok(), (started.ok() ? "" : started.error().message));
  }
  // Until the guest's agent has opened its port and answered a ttRPC request of an unknown service.
  bool agent_answers() const {
    const auto address = std::get<SerialAddress>(hypervisor->agent_address().take());
    const UniqueFd channel = connect_unix(address.socket).take();
    // length 6, stream 1, request, no flags; then Request{service: "x", method: "y"}
    constexpr unsigned char kRequest[] = {0, 0, 0, 6, 0, 0, 0, 1, 1, 0, 10, 1, 'x', 18, 1, 'y'};
    if (::write(channel.get(), kRequest, sizeof kRequest) != sizeof kRequest) return false;
    char answer[16];
    return kata::detail::poll_until(channel.get(), in(kBootTime)) == 1 &&
           ::read(channel.get(), answer, sizeof answer) > 0;
  }
  std::size_t files_left() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(state), {}));
  }
};

std::size_t open_descriptors() {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

bool has_children() {
  std::ifstream file(concat("/proc/self/task/", ::gettid(), "/children"));
  std::string word;
  return static_cast<bool>(file >> word);
}

std::string status_of(pid_t pid, std::string_view field) {
  std::ifstream file(concat("/proc/", pid, "/status"));
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(field)) return line.substr(line.find('\t') + 1);
  return {};
}

}  // namespace

TEST_CASE("the guest boots and its agent answers on the serial port") {
  Vm vm;
  vm.start();
  CHECK(vm.agent_answers());
  const auto stopped = vm.hypervisor->stop_vm(in(seconds(5)));
  CHECK(stopped.ok());
  CHECK(vm.hypervisor->wait_vm().take().requested);
  CHECK(vm.files_left() == 0);
}

TEST_CASE("a running QEMU is confined and its vCPU threads are known") {
  Vm vm;
  vm.spec.boot.vcpus = 2;
  vm.start();
  const VmProcesses processes = vm.hypervisor->processes().take();
  CHECK(status_of(processes.vmm_pid, "Seccomp:") == "2");
  CHECK(status_of(processes.vmm_pid, "NoNewPrivs:") == "1");
  CHECK(processes.vcpu_tids.size() == 2);
  for (const std::int32_t tid : processes.vcpu_tids)
    CHECK(std::filesystem::exists(concat("/proc/", processes.vmm_pid, "/task/", tid)));
}

TEST_CASE("a VM that was paused and resumed still answers") {
  Vm vm;
  vm.start();
  auto* const pause = extension_of<HypervisorPause>(*vm.hypervisor);
  REQUIRE(pause != nullptr);
  const auto soon = steady_clock::now() + seconds(5);
  CHECK(pause->pause_vm(soon).ok());
  CHECK(pause->resume_vm(soon).ok());
  CHECK(vm.agent_answers());
}

TEST_CASE("a QEMU killed from outside is reported as not requested") {
  Vm vm;
  vm.start();
  const pid_t pid = vm.hypervisor->processes().take().vmm_pid;
  Result<VmExit> exit = VmExit{};
  std::thread waiter([&] { exit = vm.hypervisor->wait_vm(); });
  REQUIRE(::kill(pid, SIGKILL) == 0);
  waiter.join();
  REQUIRE(exit.ok());
  CHECK_FALSE(exit.value().requested);
  CHECK(exit.value().status == 128 + SIGKILL);
}

TEST_CASE("an initrd that is none is reported as the kernel's panic and not as a timeout") {
  Vm vm;
  vm.spec.initrd = vm.state / "not-an-initrd";
  std::ofstream(vm.spec.initrd) << std::string(100'000, '#');
  vm.start();
  const auto exit = vm.hypervisor->wait_vm();
  REQUIRE(exit.ok());
  CHECK_FALSE(exit.value().requested);
  CHECK(exit.value().reason.starts_with("the guest kernel panicked: "));
  CHECK(exit.value().reason.find("Unable to mount root fs") != std::string::npos);
}

TEST_CASE("a kernel that is none is QEMU's early death") {
  Vm vm;
  vm.spec.kernel = vm.state / "not-a-kernel";
  std::ofstream(vm.spec.kernel) << std::string(100'000, '#');
  REQUIRE(vm.hypervisor->create_vm(vm.spec, {}).ok());
  const auto started = vm.hypervisor->start_vm(in(kBootTime));
  REQUIRE_FALSE(started.ok());
  CHECK(started.error().message.find("ended with exit code 1") != std::string::npos);
}

TEST_CASE("a real QEMU accepts disks and shares") {
  Vm vm;
  const auto image = vm.state / "disk,with,commas";
  std::ofstream(image) << std::string(1 << 20, '\0');
  std::vector<Device> devices;
  devices.emplace_back(BlockDevice{"disk0", image, true});
  devices.emplace_back(Plan9Share{"share9p", vm.state, "kataShared", true});
  REQUIRE(vm.hypervisor->create_vm(vm.spec, std::move(devices)).ok());
  const auto started = vm.hypervisor->start_vm(in(kBootTime));
  REQUIRE_MESSAGE(started.ok(), (started.ok() ? "" : started.error().message));
  CHECK(vm.agent_answers());
}

TEST_CASE("three cycles leak neither a descriptor nor a child") {
  const std::size_t before = open_descriptors();
  for (int cycle = 0; cycle < 3; ++cycle) {
    Vm vm;
    vm.start();
    CHECK(vm.hypervisor->stop_vm(in(seconds(5))).ok());
    CHECK(vm.files_left() == 0);
  }
  CHECK(open_descriptors() == before);
  CHECK_FALSE(has_children());
}
