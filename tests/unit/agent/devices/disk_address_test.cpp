// SPDX-License-Identifier: Apache-2.0
#include "agent/devices/disk_address.h"

#include <doctest/doctest.h>

#include "fake_sysfs.h"

namespace kata::agent {

TEST_CASE("each driver has addresses of its own form") {
  struct Row {
    const char *driver, *text;
    DiskAddress address;
  };
  for (const Row& row : {
           Row{"blk", "02/03", PciDisk{"02/03"}},
           Row{"blk", "/dev/vdb", NamedDisk{"vdb"}},
           Row{"mmioblk", "/dev/vdc", NamedDisk{"vdc"}},
           Row{"nvdimm", "/dev/pmem0", NamedDisk{"pmem0"}},
           Row{"scsi", "1:0", ScsiDisk{1, 0}},
           Row{"scsi", "255:16383", ScsiDisk{255, 16383}},
       }) {
    CAPTURE(row.text);
    const auto parsed = parse_disk_address(row.driver, row.text);
    REQUIRE(parsed.ok());
    CHECK(parsed.value() == row.address);
  }
}

TEST_CASE("an address that makes no sense is quoted") {
  struct Row {
    const char *driver, *text;
  };
  for (const Row& row :
       {Row{"blk", ""}, Row{"blk", "02/20"}, Row{"blk", "02//03"}, Row{"blk", "x"},
        Row{"blk", "/dev/../etc/passwd"}, Row{"blk", "/dev/"}, Row{"blk", "/etc/passwd"},
        Row{"mmioblk", "vda"}, Row{"nvdimm", "/dev/disk/by-id/x"}, Row{"scsi", "1"},
        Row{"scsi", ":"}, Row{"scsi", "1:"}, Row{"scsi", "-1:0"}, Row{"scsi", "1:0:0"},
        Row{"scsi", "99999:0"}, Row{"scsi", " 1:0"}}) {
    CAPTURE(row.text);
    const auto parsed = parse_disk_address(row.driver, row.text);
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().code == ErrorCode::kInvalidArgument);
    CHECK(parsed.error().message.find(std::string("'") + row.text + "'") != std::string::npos);
  }
  CHECK(parse_disk_address("blk-ccw", "0.0.0005").error().code == ErrorCode::kUnsupported);
}

TEST_CASE("a disk is found where its address says") {
  const FakeSysfs sysfs;
  sysfs.put("devices/pci0000:00/0000:00:02.0/pci_bus/0000:01/x");
  sysfs.put("devices/pci0000:00/0000:00:02.0/0000:01:03.0/virtio5/block/vdb/size", "8");
  sysfs.put("class/scsi_device/2:0:1:7/device/block/sdc/size", "8");
  sysfs.put("class/scsi_device/2:0:11:7/device/block/sdd/size", "8");
  sysfs.put("class/block/pmem0/size", "8");
  CHECK(find_disk(PciDisk{"02/03"}, sysfs.root).value() == "vdb");
  CHECK(find_disk(ScsiDisk{1, 7}, sysfs.root).value() == "sdc");
  CHECK(find_disk(NamedDisk{"pmem0"}, sysfs.root).value() == "pmem0");
  const std::vector<DiskAddress> missing{PciDisk{"02/04"}, PciDisk{"05"}, ScsiDisk{1, 8},
                                         NamedDisk{"pmem1"}};
  for (const DiskAddress& address : missing)
    CHECK(find_disk(address, sysfs.root).error().code == ErrorCode::kNotFound);
}

TEST_CASE("a bus is asked for the one disk") {
  const FakeSysfs sysfs;
  sysfs.put("class/scsi_host/host0/scan");
  sysfs.put("class/scsi_host/host1/scan");
  sysfs.put("bus/pci/rescan");
  scan_for(ScsiDisk{3, 1}, sysfs.root);
  CHECK(sysfs.text("class/scsi_host/host0/scan") == "0 3 1");
  CHECK(sysfs.text("class/scsi_host/host1/scan") == "0 3 1");
  CHECK(sysfs.text("bus/pci/rescan").empty());
  scan_for(PciDisk{"02"}, sysfs.root);
  CHECK(sysfs.text("bus/pci/rescan") == "1");
  scan_for(PciDisk{"02"}, sysfs.root / "missing");  // nobody to ask is no error
}

}  // namespace kata::agent
