// SPDX-License-Identifier: Apache-2.0
//
// NICs, whose descriptors travel with the request, and the devices that need something beside the
// VMM; the fake counts and checks them.
#include <doctest/doctest.h>
#include <fcntl.h>

#include "tests/component/cloudhv/workshop.h"

using namespace kata;
using namespace kata::cloudhv;
using namespace kata::cloudhv::test;

namespace {

TapDevice tap_of(const std::string& id, std::size_t queues) {
  TapDevice tap{id, "tap0", "02:00:00:00:00:01", {}};
  for (std::size_t queue = 0; queue < queues; ++queue)
    tap.queues.emplace_back(::open("/dev/null", O_RDWR | O_CLOEXEC));
  return tap;
}

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("NICs of the start are plugged in between create and boot with their descriptors") {
  Workshop workshop;
  auto hypervisor = workshop.make();
  VmSpec spec = workshop.spec();
  spec.boot.vcpus = 2;
  std::vector<Device> devices;
  devices.emplace_back(tap_of("eth0", 2));
  devices.emplace_back(tap_of("eth1", 1));
  REQUIRE(hypervisor->create_vm(std::move(spec), std::move(devices)).ok());
  CHECK(message_of(hypervisor->start_vm(in(kEnough))) == "");
  const std::string asked = workshop.asked();
  CHECK(asked.find("PUT vm.create") < asked.find("PUT vm.add-net"));
  CHECK(asked.find("\"num_queues\":4,\"queue_size\":256} fds=2") < asked.find("PUT vm.boot"));
  CHECK(holds(asked, "\"num_queues\":2,\"queue_size\":256} fds=1"));
  CHECK(hypervisor->stop_vm(in(kEnough)).ok());
}

TEST_CASE("a NIC comes and goes while the VM runs") {
  Workshop workshop;
  auto hypervisor = workshop.started();
  const std::size_t before = open_descriptors();
  const auto attached = hypervisor->attach(tap_of("eth0", 1), in(kEnough));
  REQUIRE_MESSAGE(attached.ok(), message_of(attached), workshop.asked());
  CHECK(attached.value().id == "eth0");
  CHECK(attached.value().guest_address == "01");
  CHECK(open_descriptors() == before);
  auto heir = workshop.make("", hypervisor->save_state().take());
  CHECK(message_of(heir->detach("eth0", in(kEnough))) == "");
  CHECK_FALSE(holds(workshop.asked(), "refused:"));
  CHECK(hypervisor->stop_vm(in(kEnough)).ok());
}

TEST_CASE("more queues than the VM has CPUs are refused before the VMM is asked") {
  Workshop workshop;
  auto hypervisor = workshop.started();
  CHECK(holds(message_of(hypervisor->attach(tap_of("eth0", 2), in(kEnough))), "2 queues for 1"));
  CHECK_FALSE(holds(workshop.asked(), "vm.add-net"));
  CHECK(hypervisor->stop_vm(in(kEnough)).ok());
}

TEST_CASE("a NIC that the VMM refuses is taken back") {
  for (const char* fault : {"status500@vm.add-net", "half@vm.add-net", "no-json@vm.add-net"}) {
    CAPTURE(fault);
    Workshop workshop(fault);
    auto hypervisor = workshop.started();
    CHECK_FALSE(hypervisor->attach(tap_of("eth0", 1), in(kEnough)).ok());
    CHECK(workshop.times_asked("PUT vm.remove-device {\"id\":\"eth0\"}") == 1);
    CHECK(hypervisor->detach("eth0", in(kEnough)).error().code == ErrorCode::kNotFound);
    CHECK(hypervisor->stop_vm(in(kEnough)).ok());
  }
}

TEST_CASE("a guest that keeps a device is a timeout and the device stays known") {
  for (const char* fault : {"keeps-device", "keeps-device-53"}) {
    CAPTURE(fault);
    Workshop workshop(fault);
    auto hypervisor = workshop.started();
    REQUIRE(hypervisor->attach(tap_of("eth0", 1), in(kEnough)).ok());
    for (int tries = 0; tries < 2; ++tries)
      CHECK(hypervisor->detach("eth0", in(std::chrono::milliseconds(300))).error().code ==
            ErrorCode::kTimeout);
    CHECK(hypervisor->stop_vm(in(kEnough)).ok());
  }
}

TEST_CASE("a shared filesystem is part of the VM when memory is shared") {
  Workshop workshop;
  auto hypervisor = workshop.make();
  VmSpec spec = workshop.spec();
  spec.shared_memory = true;
  std::vector<Device> devices;
  devices.emplace_back(VhostUserFs{"kata-shared", workshop.root() / "fs.sock", "kataShared"});
  REQUIRE(hypervisor->create_vm(std::move(spec), std::move(devices)).ok());
  CHECK(message_of(hypervisor->start_vm(in(kEnough))) == "");
  CHECK(holds(workshop.asked(), R"("tag":"kataShared")"));
  CHECK(hypervisor->stop_vm(in(kEnough)).ok());
}

TEST_CASE("a filesystem and a host device are plugged in without landlock") {
  Workshop workshop;
  auto hypervisor = workshop.make(R"("landlock":false)");
  VmSpec spec = workshop.spec();
  spec.shared_memory = true;
  REQUIRE(hypervisor->create_vm(std::move(spec), {}).ok());
  REQUIRE(message_of(hypervisor->start_vm(in(kEnough))) == "");
  const VhostUserFs share{"fs", workshop.root() / "fs.sock", "tag"};
  CHECK(message_of(hypervisor->attach(share, in(kEnough))) == "");
  const auto gpu = hypervisor->attach(HostPciDevice{"gpu", "0000:3b:00.0"}, in(kEnough));
  CHECK(message_of(gpu) == "");
  CHECK_FALSE(holds(workshop.asked(), "refused:"));
  CHECK(hypervisor->stop_vm(in(kEnough)).ok());
}

TEST_CASE("mergeable memory is asked for and the operator's words reach the VMM") {
  Workshop workshop;
  auto hypervisor = workshop.make(R"("disable_seccomp":true,"hypervisor_loglevel":2)");
  VmSpec spec = workshop.spec();
  spec.mergeable_memory = true;
  REQUIRE(hypervisor->create_vm(std::move(spec), {}).ok());
  REQUIRE(message_of(hypervisor->start_vm(in(kEnough))) == "");
  CHECK(holds(workshop.asked(), R"("mergeable":true)"));
  CHECK(holds(workshop.asked(), "--seccomp false -v -v\n"));
  CHECK(hypervisor->stop_vm(in(kEnough)).ok());
}

TEST_CASE("counters are the VMM's own") {
  Workshop workshop;
  auto hypervisor = workshop.started();
  const auto counters = hypervisor->counters(in(kEnough));
  REQUIRE(counters.ok());
  CHECK(counters.value().size() == 3);
  CHECK(hypervisor->stop_vm(in(kEnough)).ok());
}
