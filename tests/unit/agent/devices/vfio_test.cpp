// SPDX-License-Identifier: Apache-2.0
#include "agent/devices/vfio.h"

#include <doctest/doctest.h>

#include "fake_sysfs.h"

namespace kata::agent {

TEST_CASE("a host address and a guest path make an option") {
  const auto option = parse_vfio_option("0000:3b:00.0=02/01");
  REQUIRE(option.ok());
  CHECK(option.value().host_address == "0000:3b:00.0");
  CHECK(option.value().guest_path == "02/01");
  for (const char* text : {"", "02/01", "0000:3b:00.0", "0000:3b:00.0=", "0000:3B:00.0=02",
                           "0000:3b:00.8=02", "0000:3b:00.0 =02"})
    CHECK_MESSAGE(parse_vfio_option(text).error().code == ErrorCode::kInvalidArgument, text);
}

TEST_CASE("a device leaves its driver for vfio-pci") {
  const FakeSysfs sysfs;
  const std::string device = "devices/pci0000:00/0000:00:05.0";
  sysfs.put("drivers/virtio-pci/unbind");
  sysfs.put(device + "/driver_override");
  sysfs.put("bus/pci/drivers_probe");
  sysfs.link(device + "/iommu_group", "../../../kernel/iommu_groups/4");
  sysfs.link(device + "/driver", "../../../drivers/virtio-pci");
  const auto given = give_to_vfio(sysfs.root / device, sysfs.root);
  CHECK(sysfs.text(device + "/driver_override") == "vfio-pci");
  CHECK(sysfs.text("drivers/virtio-pci/unbind") == "0000:00:05.0");
  CHECK(sysfs.text("bus/pci/drivers_probe") == "0000:00:05.0");
  REQUIRE_FALSE(given.ok());  // files have no driver that takes it
  CHECK(given.error().message.find("module vfio-pci") != std::string::npos);
}

TEST_CASE("a device that vfio-pci has already stays and tells its group") {
  const FakeSysfs sysfs;
  const std::string device = "devices/pci0000:00/0000:00:05.0";
  sysfs.link(device + "/iommu_group", "../../../kernel/iommu_groups/4");
  sysfs.link(device + "/driver", "../../../bus/pci/drivers/vfio-pci");
  CHECK(give_to_vfio(sysfs.root / device, sysfs.root).value() == "4");
}

TEST_CASE("without an IOMMU nothing is handed on") {
  const FakeSysfs sysfs;
  sysfs.put("devices/0000:00:05.0/vendor");
  const auto given = give_to_vfio(sysfs.root / "devices/0000:00:05.0", sysfs.root);
  REQUIRE_FALSE(given.ok());
  CHECK(given.error().message.find("has no IOMMU group") != std::string::npos);
}

}  // namespace kata::agent
