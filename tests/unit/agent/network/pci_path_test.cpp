// SPDX-License-Identifier: Apache-2.0
#include "agent/network/pci_path.h"

#include <doctest/doctest.h>

#include "tests/temporary_directory.h"

using namespace kata;
using namespace kata::agent;

namespace {

struct Sysfs {
  TemporaryDirectory root{};
  void add(const char* directory) const {
    std::filesystem::create_directories(root.path() / directory);
  }
  Result<std::string> find(std::string_view path) const { return pci_directory(path, root.path()); }
};

}  // namespace

TEST_CASE("a device on the root bus is found by its slot") {
  const Sysfs sysfs;
  sysfs.add("pci0000:00/0000:00:02.0");
  sysfs.add("pci0000:00/0000:00:1f.3");
  CHECK(sysfs.find("02").take() == sysfs.root.path() / "pci0000:00/0000:00:02.0");
  CHECK(sysfs.find("2.0").ok());
  CHECK(sysfs.find("1f.3").ok());
  CHECK(sysfs.find("03").error().code == ErrorCode::kNotFound);
}

TEST_CASE("a device behind bridges is found whatever the buses are called") {
  const Sysfs sysfs;
  sysfs.add("pci0000:00/0000:00:02.0/pci_bus/0000:07");
  sysfs.add("pci0000:00/0000:00:02.0/0000:07:01.0/pci_bus/0000:09");
  sysfs.add("pci0000:00/0000:00:02.0/0000:07:01.0/0000:09:1e.0");
  CHECK(sysfs.find("02/01").ok());
  CHECK(sysfs.find("02/01/1e").ok());
  CHECK(sysfs.find("02/01/1e/00").error().code == ErrorCode::kNotFound);
}

TEST_CASE("the first of three elements may be another root bus") {
  const Sysfs sysfs;
  sysfs.add("pci0000:20/0000:20:01.0/pci_bus/0000:21");
  sysfs.add("pci0000:20/0000:20:01.0/0000:21:02.0");
  CHECK(sysfs.find("20/01/02").ok());
  CHECK(sysfs.find("20/01").error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("what is no PCI path is refused and never reaches a file") {
  const Sysfs sysfs;
  for (const char* path : {"", "/", "02/", "/02", "..", "02/../..", "20", "02/20", "02.8", "02.",
                           ".0", "xx", "-1", "0x2", "02//01", "02/01 ", "100/01/01"}) {
    CAPTURE(path);
    const auto found = sysfs.find(path);
    REQUIRE_FALSE(found.ok());
    CHECK(found.error().code == ErrorCode::kInvalidArgument);
  }
}

TEST_CASE("the network device is a child of the PCI device or of its virtio device") {
  const Sysfs sysfs;
  sysfs.add("direct/net/eth7");
  sysfs.add("direct/power");
  CHECK(network_device_name(sysfs.root.path() / "direct").take() == "eth7");
  sysfs.add("virtio/virtio3/net/eth1");
  CHECK(network_device_name(sysfs.root.path() / "virtio").take() == "eth1");
  sysfs.add("disk/virtio4/block/vda");
  CHECK(network_device_name(sysfs.root.path() / "disk").error().code == ErrorCode::kNotFound);
  CHECK(network_device_name(sysfs.root.path() / "none").error().code == ErrorCode::kNotFound);
}
