// SPDX-License-Identifier: Apache-2.0
//
// Every device and key that the plugin has a body for, by the fake or a real Cloud Hypervisor: what
// one of them refuses is found here.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include "tests/component/cloudhv/workshop.h"

using namespace kata;
using namespace kata::cloudhv;
using namespace kata::cloudhv::test;

namespace {

// A real VMM looks at its taps; the fake counts them. A tap ends with its last descriptor.
UniqueFd tap_queue(const std::string& interface) {
  if (real_program() == nullptr) return UniqueFd(::open("/dev/null", O_RDWR | O_CLOEXEC));
  UniqueFd queue(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  ifreq request{};
  interface.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_flags = static_cast<short>(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE);
  REQUIRE_MESSAGE(::ioctl(queue.get(), TUNSETIFF, &request) == 0, "a tap needs root");
  return queue;
}

TapDevice tap_of(const std::string& id, std::size_t queues) {
  TapDevice tap{id, "kata-" + id, "02:00:00:00:00:01", {}};
  for (std::size_t queue = 0; queue < queues; ++queue)
    tap.queues.push_back(tap_queue(tap.interface_name));
  return tap;
}

std::filesystem::path disk_file(const Workshop& workshop, const char* name) {
  const auto path = workshop.root() / name;
  std::ofstream(path) << std::string(1 << 20, '\0');
  return path;
}

std::vector<Device> disk_and_nic(const Workshop& workshop) {
  std::vector<Device> devices;
  devices.emplace_back(BlockDevice{"data", disk_file(workshop, "data"), false});
  devices.emplace_back(tap_of("eth0", 2));
  return devices;
}

}  // namespace

TEST_CASE("every key and device of a start is taken together") {
  Workshop workshop;
  auto hypervisor = workshop.make(
      R"("reclaim_guest_freed_memory":true,"disable_nested_virtualization":true,)"
      R"("disk_rate_limiter_bw_max_rate":8000000,"disk_rate_limiter_ops_max_rate":100,)"
      R"("net_rate_limiter_bw_max_rate":8000000,"net_rate_limiter_bw_one_time_burst":80000)");
  VmSpec spec = workshop.spec();
  spec.boot.vcpus = 2;
  spec.mergeable_memory = true;
  REQUIRE(message_of(hypervisor->create_vm(std::move(spec), disk_and_nic(workshop))) == "");
  REQUIRE(message_of(hypervisor->start_vm(in(kEnough))) == "");
  CHECK(message_of(hypervisor->stop_vm(in(kEnough))) == "");
}

TEST_CASE("memory for a shared filesystem and a segment for it are taken") {
  Workshop workshop;
  auto hypervisor = workshop.make();
  VmSpec spec = workshop.spec();
  spec.shared_memory = true;
  REQUIRE(hypervisor->create_vm(std::move(spec), {}).ok());
  CHECK(message_of(hypervisor->start_vm(in(kEnough))) == "");
  CHECK(hypervisor->stop_vm(in(kEnough)).ok());
}

TEST_CASE("NICs come to a running VM and a guest that is silent keeps them") {
  Workshop workshop(real_program() == nullptr ? "keeps-device" : "");
  auto hypervisor = workshop.started();
  const auto attached = hypervisor->attach(tap_of("eth1", 1), in(kEnough));
  REQUIRE_MESSAGE(attached.ok(), message_of(attached));
  CHECK(attached.value().guest_address.size() == 2);
  CHECK(hypervisor->attach(tap_of("eth1", 1), in(kEnough)).error().code ==
        ErrorCode::kAlreadyExists);
  if (real_program() == nullptr || !guest_runs())
    for (int tries = 0; tries < 2; ++tries) {
      const auto kept = hypervisor->detach("eth1", in(std::chrono::milliseconds(300)));
      CHECK_MESSAGE(kept.error().code == ErrorCode::kTimeout, message_of(kept));
    }
  CHECK(hypervisor->stop_vm(in(kEnough)).ok());
}

TEST_CASE("memory grows eight times") {
  Workshop workshop;
  auto hypervisor = workshop.make();
  VmSpec spec = workshop.spec();
  spec.maximum = {1, 256 + 128 * 8};
  REQUIRE(hypervisor->create_vm(std::move(spec), {}).ok());
  REQUIRE(message_of(hypervisor->start_vm(in(kEnough))) == "");
  for (std::uint64_t blocks = 1; blocks <= 8; ++blocks) {
    const auto grown = hypervisor->resize({1, 256 + 128 * blocks}, in(kEnough));
    REQUIRE_MESSAGE(grown.ok(), message_of(grown));
    CHECK(grown.value().memory_mib == 256 + 128 * blocks);
  }
  CHECK(hypervisor->resize({1, 4096}, in(kEnough)).take().memory_mib == 256 + 128 * 8);
  CHECK(hypervisor->stop_vm(in(kEnough)).ok());
}
