// SPDX-License-Identifier: Apache-2.0
//
// What changes while a VM runs, by the fake or a real Cloud Hypervisor.
#include <doctest/doctest.h>

#include "tests/component/cloudhv/workshop.h"

using namespace kata;
using namespace kata::cloudhv;
using namespace kata::cloudhv::test;

namespace {

constexpr const char* kNoLandlock = R"("landlock":false)";

std::filesystem::path disk_file(const Workshop& workshop) {
  const auto path = workshop.root() / "disk.raw";
  std::ofstream(path) << std::string(1 << 20, '\0');
  return path;
}

}  // namespace

TEST_CASE("a disk is plugged in and out and keeps its id") {
  Workshop workshop;
  auto hypervisor = workshop.started(kNoLandlock);
  CHECK(hypervisor->capabilities().block_hotplug);
  const BlockDevice disk{"data", disk_file(workshop), true};
  const auto attached = hypervisor->attach(disk, in(kEnough));
  REQUIRE_MESSAGE(attached.ok(), message_of(attached));
  CHECK(attached.value().guest_address.size() == 2);
  CHECK(hypervisor->attach(disk, in(kEnough)).error().code == ErrorCode::kAlreadyExists);
  if (real_program() == nullptr) {  // a real guest must have booted to let go of it
    CHECK(message_of(hypervisor->detach("data", in(kEnough))) == "");
    CHECK(hypervisor->detach("data", in(kEnough)).error().code == ErrorCode::kNotFound);
    CHECK(message_of(hypervisor->attach(disk, in(kEnough))) == "");
  }
  CHECK(hypervisor->stop_vm(in(kEnough)).ok());
}

TEST_CASE("a disk that does not exist is refused and the VM is as it was") {
  Workshop workshop;
  auto hypervisor = workshop.started(kNoLandlock);
  CHECK_FALSE(hypervisor->attach(BlockDevice{"data", "/nonexistent"}, in(kEnough)).ok());
  CHECK(hypervisor->detach("data", in(kEnough)).error().code == ErrorCode::kNotFound);
  CHECK(message_of(hypervisor->attach(BlockDevice{"data", disk_file(workshop)}, in(kEnough))) ==
        "");
  CHECK(hypervisor->stop_vm(in(kEnough)).ok());
}

TEST_CASE("under landlock a disk is refused with the key to change") {
  Workshop workshop;
  auto hypervisor = workshop.started();
  CHECK_FALSE(hypervisor->capabilities().block_hotplug);
  const auto refused = hypervisor->attach(BlockDevice{"data", disk_file(workshop)}, in(kEnough));
  CHECK(refused.error().code == ErrorCode::kUnsupported);
  CHECK(refused.error().message.find("hypervisor.cloudhv.landlock = false") != std::string::npos);
  CHECK(hypervisor->stop_vm(in(kEnough)).ok());
}

TEST_CASE("a VM grows in whole blocks up to its maximum and its memory never shrinks") {
  Workshop workshop;
  auto hypervisor = workshop.started();
  const auto resized = [&](VmResources wanted) {
    auto got = hypervisor->resize(wanted, in(kEnough));
    REQUIRE_MESSAGE(got.ok(), message_of(got));
    return got.take();
  };
  VmResources got = resized({2, 500});
  CHECK(got.vcpus == 2);
  CHECK(got.memory_mib == 384);
  got = resized({100, 100'000});
  CHECK(got.vcpus == 4);
  CHECK(got.memory_mib == 1024);
  got = resized({4, 64});
  CHECK(got.memory_mib == 1024);
  auto heir = workshop.make("", hypervisor->save_state().take());
  CHECK(heir->resize({4, 4096}, in(kEnough)).take().memory_mib == 1024);
  CHECK(hypervisor->stop_vm(in(kEnough)).ok());
}

TEST_CASE("disks of the start are in the VM") {
  Workshop workshop;
  std::vector<Device> devices;
  devices.emplace_back(BlockDevice{"data", disk_file(workshop), false});
  auto hypervisor = workshop.started("", std::move(devices));
  CHECK(hypervisor->attach(BlockDevice{"data", "/dev/null"}, in(kEnough)).error().code ==
        ErrorCode::kAlreadyExists);
  CHECK(hypervisor->stop_vm(in(kEnough)).ok());
}
