// SPDX-License-Identifier: Apache-2.0
#include "macvtap.h"

#include <doctest/doctest.h>
#include <netlink/errno.h>
#include <sys/sysmacros.h>

using namespace kata;
using namespace kata::tap;

TEST_CASE("a device number is read as sysfs writes it") {
  CHECK(parse_device_number("254:3\n").value() == ::makedev(254, 3));
  CHECK(parse_device_number("1:1048575").value() == ::makedev(1, 1048575));
}

TEST_CASE("what is no device number is an error") {
  for (const char* text : {"", ":", "1", "1:", ":1", "1:2:3", "-1:2", "1: 2", "1:2\n\n", "x:1",
                           "4096:1", "1:1048576", "99999999999:1"})
    CHECK_MESSAGE(!parse_device_number(text).ok(), text);
}

TEST_CASE("a kernel without macvtap is named with the remedy") {
  Link link;
  link.name = "eth0";
  const Error error = macvtap_error("tap0_kata", link, -NLE_OPNOTSUPP);
  CHECK(error.code == ErrorCode::kUnsupported);
  CHECK(error.message.find("link 'eth0'") != std::string::npos);
  CHECK(error.message.find("kernel module macvtap") != std::string::npos);
  CHECK(error.message.find("internetworking_model = \"tcfilter\"") != std::string::npos);
}

TEST_CASE("a link that stands on another one cannot carry a macvtap") {
  Link link;
  link.kind = "macvlan";
  CHECK(!check_macvtap_link(link).ok());
  link.kind = "veth";
  CHECK(check_macvtap_link(link).ok());
}
