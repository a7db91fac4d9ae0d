// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "workshop.h"

using namespace kata;
using namespace kata::qemu;
using namespace kata::qemu::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

TapDevice tap(const std::string& id, int queues = 1) {
  TapDevice device{id, "tap0", "02:00:00:00:00:01", {}};
  for (int queue = 0; queue < queues; ++queue) device.queues.emplace_back(::dup(0));
  return device;
}

// What QEMU was asked, a command a line.
std::string asked(const Workshop& workshop) {
  std::ifstream file(workshop.root / "asked");
  return {std::istreambuf_iterator<char>(file), {}};
}

// A VM that is stopped at the end.
struct Running : Workshop {
  std::unique_ptr<QemuHypervisor> hypervisor;
  explicit Running(std::string_view behaviour) : hypervisor(started(behaviour)) {}
  ~Running() { CHECK(hypervisor->stop_vm(in(seconds(5))).ok()); }
};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("slots are given in order and again when they are free") {
  NicSlots slots;
  CHECK(slots.take("a").value() == 1);
  CHECK(slots.take("b").value() == 2);
  CHECK(slots.take("a").error().code == ErrorCode::kAlreadyExists);
  slots.free("a");
  slots.free("unknown");
  CHECK(slots.take("c").value() == 1);
  for (int number = 3; number <= 31; ++number) CHECK(slots.take(concat("n", number)).ok());
  CHECK(slots.take("one-more").error().code == ErrorCode::kResourceExhausted);
  CHECK(nic_address(1) == "1e/01");
  CHECK(nic_address(31) == "1e/1f");
}

TEST_CASE("a NIC is plugged by descriptors and its PCI path told") {
  const Running vm("plain");
  CHECK(vm.hypervisor->capabilities().net_hotplug);
  const auto attached = vm.hypervisor->attach(tap("net0", 2), in(seconds(10)));
  REQUIRE_MESSAGE(attached.ok(), attached.error().message);
  CHECK(attached.value().id == "net0");
  CHECK(attached.value().guest_address == "1e/01");
  const std::string commands = asked(vm);
  CHECK(has(commands, R"("fdname":"tap-net0-0")"));
  CHECK(has(commands, R"("fdname":"tap-net0-1")"));
  CHECK(has(commands, R"("fds":"tap-net0-0:tap-net0-1")"));
  CHECK(has(commands, R"("bus":"nics")"));
  CHECK(has(commands, R"("vectors":6)"));
  CHECK(vm.hypervisor->attach(tap("net0"), in(seconds(10))).error().code ==
        ErrorCode::kAlreadyExists);
}

TEST_CASE("a NIC that QEMU refuses leaves nothing behind and its slot free") {
  const Running vm("no-card");
  const auto attached = vm.hypervisor->attach(tap("net0"), in(seconds(10)));
  REQUIRE_FALSE(attached.ok());
  CHECK(has(attached.error().message, "attach device 'net0'"));
  CHECK(has(attached.error().message, "no such bus"));
  CHECK(has(asked(vm), "\"netdev_del\""));
  CHECK(vm.hypervisor->detach("net0", in(seconds(1))).error().code == ErrorCode::kNotFound);
}

TEST_CASE("a NIC is unplugged when the guest has let go of it") {
  const Running vm("plain");
  REQUIRE(vm.hypervisor->attach(tap("net0"), in(seconds(10))).ok());
  const auto detached = vm.hypervisor->detach("net0", in(seconds(10)));
  REQUIRE_MESSAGE(detached.ok(), detached.error().message);
  CHECK(has(asked(vm), "\"netdev_del\""));
  CHECK(vm.hypervisor->detach("net0", in(seconds(1))).error().code == ErrorCode::kNotFound);
}

TEST_CASE("a guest that does not let go of a NIC keeps it") {
  const Running vm("keeps-nic");
  REQUIRE(vm.hypervisor->attach(tap("net0"), in(seconds(10))).ok());
  for (int turn = 0; turn < 2; ++turn) {
    const auto detached = vm.hypervisor->detach("net0", in(milliseconds(200)));
    REQUIRE_FALSE(detached.ok());
    CHECK(detached.error().code == ErrorCode::kTimeout);
    CHECK(has(detached.error().message, "lets go of it"));
  }
  CHECK_FALSE(has(asked(vm), "\"netdev_del\""));
}

TEST_CASE("a saved state names the NICs that were plugged") {
  const Running vm("plain");
  REQUIRE(vm.hypervisor->attach(tap("net0"), in(seconds(10))).ok());
  const auto saved = parse_saved_state(vm.hypervisor->save_state().value());
  CHECK(saved.value().nics.has("net0"));
}

TEST_CASE("a device that is no NIC and a NIC without descriptor are refused") {
  const Running vm("plain");
  CHECK(
      vm.hypervisor->attach(BlockDevice{"disk", "/dev/null", true}, in(seconds(1))).error().code ==
      ErrorCode::kUnsupported);
  CHECK(vm.hypervisor->attach(tap("net0", 0), in(seconds(1))).error().code ==
        ErrorCode::kInvalidArgument);
}
