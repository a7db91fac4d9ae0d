// SPDX-License-Identifier: Apache-2.0
#include "agent/devices/uevent.h"

#include <doctest/doctest.h>

#include <string>

using namespace std::string_literals;

namespace kata::agent {

TEST_CASE("an event of the kernel is taken apart") {
  const std::string text =
      "add@/devices/pci0000:00/0000:00:02.0/virtio1/block/vdb\0ACTION=add\0"
      "DEVPATH=/devices/pci0000:00/0000:00:02.0/virtio1/block/vdb\0SUBSYSTEM=block\0"
      "DEVNAME=vdb\0SEQNUM=1234\0"s;
  const auto event = parse_uevent(text);
  REQUIRE(event);
  CHECK(event->action == "add");
  CHECK(event->subsystem == "block");
  CHECK(event->devpath == "/devices/pci0000:00/0000:00:02.0/virtio1/block/vdb");
}

TEST_CASE("what is no event of the kernel is none") {
  for (const std::string& text :
       {""s, "\0"s, "libudev\0\xfe\xed\xca\xfe"s, "add@/x"s, "add@/x\0ACTION=add\0DEVPATH=/x\0"s,
        "add@/x\0ACTION=remove\0DEVPATH=/x\0SUBSYSTEM=block\0"s,
        "add@/y\0ACTION=add\0DEVPATH=/x\0SUBSYSTEM=block\0"s,
        "add\0ACTION=add\0DEVPATH=/x\0SUBSYSTEM=block\0"s,
        "add@x\0ACTION=add\0DEVPATH=x\0SUBSYSTEM=block\0"s}) {
    CAPTURE(text);
    CHECK_FALSE(parse_uevent(text));
  }
}

TEST_CASE("a last string without its zero byte still counts") {
  const auto event = parse_uevent("add@/x\0ACTION=add\0DEVPATH=/x\0SUBSYSTEM=net"s);
  REQUIRE(event);
  CHECK(event->subsystem == "net");
}

}  // namespace kata::agent
