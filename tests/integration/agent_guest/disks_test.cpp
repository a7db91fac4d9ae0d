// SPDX-License-Identifier: Apache-2.0
//
// Disks that are plugged into a running guest, swap, and the unified cgroup hierarchy.
#include <thread>

#include "guest.h"

using namespace kata;

namespace {

std::uint64_t swap_total(Guest& guest) {
  grpc::Metrics metrics;
  REQUIRE(metrics.ParseFromString(guest.ask("GetMetrics", grpc::GetMetricsRequest())));
  const std::string key = "kata_guest_meminfo{item=\"swap_total\"} ";
  const std::size_t at = metrics.metrics().find(key);
  REQUIRE(at != std::string::npos);
  return static_cast<std::uint64_t>(std::stod(metrics.metrics().substr(at + key.size())));
}

}  // namespace

TEST_CASE("a disk that is plugged while the agent waits for it becomes a root filesystem") {
  Guest guest("agent.hotplug_timeout=60");
  const std::string first = guest.make_rootfs_image("virtio"),
                    second = guest.make_rootfs_image("scsi");
  std::string output;
  std::thread late([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));  // either order must do
    guest.plug_virtio(first, 5);
  });
  output = guest.output_of(disk_storage("blk", "1e/05"), "cat /etc/hello");
  late.join();
  CHECK(output == "virtio\n");
  guest.plug_scsi(second, 3);
  CHECK(guest.output_of(disk_storage("scsi", "3:0"), "cat /etc/hello") == "scsi\n");
  CHECK(guest.output_of(disk_storage("blk", "1e/05"), "cat /etc/hello") == "virtio\n");
}

TEST_CASE("a disk that never comes is an error with its address") {
  Guest guest("agent.hotplug_timeout=1");
  const auto request = guest.container(disk_storage("blk", "1e/1f"), "c1", "true");
  const auto created = guest.send("CreateContainer", request);
  REQUIRE_FALSE(created.ok());
  CHECK(created.error().code == ErrorCode::kTimeout);
  CHECK(created.error().message.find("disk at PCI path '1e/1f' does not appear within 1 s") !=
        std::string::npos);
}

TEST_CASE("plugged disks become swap and may be added twice") {
  Guest guest("");
  const std::string make = "truncate -s 8M $image && mkswap -q $image";
  guest.plug_virtio(guest.make_file("swap0", make), 7);
  CHECK(swap_total(guest) == 0);
  grpc::AddSwapRequest pci;
  pci.add_pcipath(0x1e);
  pci.add_pcipath(7);
  for (int time = 0; time < 2; ++time) guest.ask("AddSwap", pci);
  const std::uint64_t one = swap_total(guest);
  CHECK(one > 7U << 20);
  grpc::AddSwapPathRequest path;
  path.set_path("/dev/vda");
  guest.ask("AddSwapPath", path);  // it is in use already
  CHECK(swap_total(guest) == one);
}

TEST_CASE("each lack of memory is told with unified cgroups") {
  Guest guest("systemd.unified_cgroup_hierarchy=1");
  guest.plug_virtio(guest.make_rootfs_image("oom"), 5);
  for (const char* id : {"first", "second"}) {
    auto request = guest.container(disk_storage("blk", "1e/05"), id, "tail /dev/zero");
    request.mutable_oci()->mutable_linux()->mutable_resources()->mutable_memory()->set_limit(16
                                                                                             << 20);
    guest.start(request);
    grpc::OOMEvent event;
    REQUIRE(event.ParseFromString(guest.ask("GetOOMEvent", grpc::GetOOMEventRequest())));
    CHECK(event.container_id() == id);
    guest.remove(id);
  }
}

TEST_CASE("the clock of a guest is set") {
  Guest guest("");
  guest.plug_virtio(guest.make_rootfs_image("clock"), 5);
  grpc::SetGuestDateTimeRequest request;
  request.set_sec(2'000'000'000);
  for (int time = 0; time < 2; ++time) guest.ask("SetGuestDateTime", request);
  const std::string now = guest.output_of(disk_storage("blk", "1e/05"), "date +%s");
  CHECK(now.starts_with("2000000"));
}
