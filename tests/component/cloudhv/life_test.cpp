// SPDX-License-Identifier: Apache-2.0
//
// A VM from start to end, by the fake or a real Cloud Hypervisor.
#include <doctest/doctest.h>
#include <signal.h>

#include <thread>

#include "kata/unix_socket.h"
#include "tests/component/cloudhv/workshop.h"

using namespace kata;
using namespace kata::cloudhv;
using namespace kata::cloudhv::test;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

TEST_CASE("a VM starts and reports its processes and pauses and stops") {
  Workshop workshop;
  auto hypervisor = workshop.started();
  const auto processes = hypervisor->processes();
  REQUIRE_MESSAGE(processes.ok(), message_of(processes));
  CHECK(processes.value().vmm_pid > 1);
  CHECK(processes.value().vcpu_tids.size() == 1);
  for (int time = 0; time < 2; ++time) {
    CHECK(message_of(hypervisor->pause_vm(in(kEnough))) == "");
    if (real_program() == nullptr) CHECK(workshop.times_asked("PUT vm.pause") == time + 1);
  }
  for (int time = 0; time < 2; ++time) CHECK(message_of(hypervisor->resume_vm(in(kEnough))) == "");
  CHECK(hypervisor->counters(in(kEnough)).ok());
  const auto address = hypervisor->agent_address();
  REQUIRE(address.ok());
  const auto& vsock = std::get<HybridVsockAddress>(address.value());
  CHECK(vsock.port == 1024);
  CHECK(connect_unix(vsock.socket).ok());
  CHECK(message_of(hypervisor->stop_vm(in(kEnough))) == "");
  CHECK(message_of(hypervisor->stop_vm(in(kEnough))) == "");
  CHECK(workshop.files_left() == 0);
  CHECK_FALSE(has_children());
  const auto exit = hypervisor->wait_vm();
  REQUIRE(exit.ok());
  CHECK(exit.value().requested);
  CHECK(exit.value().status == 0);
}

TEST_CASE("the console is in a file and its end outlives the VM") {
  if (!guest_runs()) return;
  Workshop workshop;
  auto hypervisor = workshop.started();
  const Deadline deadline = in(kEnough);
  while (hypervisor->console_tail(5).take().empty() && steady_clock::now() < deadline)
    std::this_thread::sleep_for(milliseconds(10));
  CHECK_FALSE(hypervisor->console_tail(5).take().empty());
  CHECK(hypervisor->stop_vm(in(kEnough)).ok());
  CHECK_FALSE(hypervisor->console_tail(5).take().empty());
}

TEST_CASE("stop_vm kills a frozen VMM at the deadline") {
  Workshop workshop;
  auto hypervisor = workshop.started();
  REQUIRE(::kill(hypervisor->processes().take().vmm_pid, SIGSTOP) == 0);
  const auto begin = steady_clock::now();
  CHECK(message_of(hypervisor->stop_vm(in(seconds(1)))) == "");
  CHECK(steady_clock::now() - begin < seconds(4));
  CHECK(hypervisor->wait_vm().take().status == 128 + SIGKILL);
  CHECK_FALSE(has_children());
}

TEST_CASE("wait_vm tells of a kill that nobody asked for and calls fail at once") {
  Workshop workshop;
  auto hypervisor = workshop.started();
  Result<VmExit> exit = VmExit{};
  std::thread waiter([&] { exit = hypervisor->wait_vm(); });
  REQUIRE(::kill(hypervisor->processes().take().vmm_pid, SIGKILL) == 0);
  waiter.join();
  REQUIRE(exit.ok());
  CHECK_FALSE(exit.value().requested);
  CHECK(exit.value().status == 128 + SIGKILL);
  CHECK(exit.value().reason.find("cloud-hypervisor ended with signal 9 (Killed)") == 0);
  const auto begin = steady_clock::now();
  CHECK_FALSE(hypervisor->pause_vm(in(kEnough)).ok());
  CHECK_FALSE(hypervisor->resize({2, 256}, in(kEnough)).ok());
  CHECK_FALSE(hypervisor->processes().ok());
  CHECK(steady_clock::now() - begin < seconds(2));
  CHECK(hypervisor->stop_vm(in(seconds(1))).ok());
}

TEST_CASE("an instance made from a saved state ends the VM of another") {
  Workshop workshop;
  auto first = workshop.started();
  auto second = workshop.make("", first->save_state().take());
  CHECK(second->agent_address().ok());
  CHECK(message_of(second->pause_vm(in(kEnough))) == "");
  CHECK(message_of(second->stop_vm(in(kEnough))) == "");
  CHECK(workshop.files_left() == 0);
  CHECK(first->wait_vm().ok());
}

TEST_CASE("a saved state whose process is gone or another one harms nobody") {
  Workshop workshop;
  const std::string stranger =
      concat(R"({"version":1,"pid":)", ::getpid(), R"(,"start_time":1,"devices":[]})");
  auto hypervisor = workshop.make("", stranger);
  CHECK(hypervisor->stop_vm(in(seconds(1))).ok());
  CHECK_FALSE(hypervisor->wait_vm().ok());
  CHECK_FALSE(
      CloudhvHypervisor::create({workshop.host, "{}", "test", workshop.state(), "nonsense"}).ok());
}

TEST_CASE("methods out of order are refused and stop_vm is always allowed") {
  Workshop workshop;
  auto hypervisor = workshop.make();
  constexpr auto kEarly = ErrorCode::kFailedPrecondition;
  CHECK(hypervisor->start_vm(in(kEnough)).error().code == kEarly);
  CHECK(hypervisor->agent_address().error().code == kEarly);
  CHECK(hypervisor->wait_vm().error().code == kEarly);
  CHECK(hypervisor->pause_vm(in(kEnough)).error().code == kEarly);
  CHECK(hypervisor->resize({1, 256}, in(kEnough)).error().code == kEarly);
  CHECK(hypervisor->processes().error().code == kEarly);
  CHECK(hypervisor->attach(BlockDevice{"d", "/dev/null"}, in(kEnough)).error().code == kEarly);
  CHECK(hypervisor->counters(in(kEnough)).error().code == kEarly);
  CHECK(hypervisor->stop_vm(in(seconds(1))).ok());
  REQUIRE(hypervisor->create_vm(workshop.spec(), {}).ok());
  CHECK(hypervisor->create_vm(workshop.spec(), {}).error().code == kEarly);
}

TEST_CASE("a VM can be started after a start that failed") {
  Workshop workshop;
  auto hypervisor = workshop.created();
  const auto late = hypervisor->start_vm(in(milliseconds(-1)));
  CHECK(late.error().code == ErrorCode::kTimeout);
  CHECK(workshop.files_left() == 0);
  CHECK(message_of(hypervisor->start_vm(in(kEnough))) == "");
  CHECK(hypervisor->stop_vm(in(kEnough)).ok());
}

TEST_CASE("a state directory deeper than a socket's path is no obstacle") {
  Workshop workshop;
  const auto deep = workshop.state() / std::string(100, 'd');
  std::filesystem::create_directory(deep);
  auto hypervisor = workshop.make("", {}, deep);
  REQUIRE(hypervisor->create_vm(workshop.spec(), {}).ok());
  CHECK(message_of(hypervisor->start_vm(in(kEnough))) == "");
  const auto address = hypervisor->agent_address().take();
  CHECK(connect_unix(std::get<HybridVsockAddress>(address).socket).ok());
  CHECK(hypervisor->stop_vm(in(kEnough)).ok());
}

TEST_CASE("cycles of start and stop leak neither a descriptor nor a child") {
  Workshop workshop;
  workshop.started()->stop_vm(in(kEnough)).take();
  const std::size_t before = open_descriptors();
  for (int cycle = 0; cycle < 5; ++cycle) CHECK(workshop.started()->stop_vm(in(kEnough)).ok());
  CHECK(open_descriptors() == before);
  CHECK_FALSE(has_children());
}
