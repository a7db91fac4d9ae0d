// SPDX-License-Identifier: Apache-2.0
#include "link.h"

#include <doctest/doctest.h>
#include <net/if_arp.h>

using namespace kata;
using namespace kata::tap;

namespace {

Link link_of_kind(const std::string& kind) {
  Link link;
  link.index = 2;
  link.name = "eth0";
  link.kind = kind;
  link.mac = "02:00:00:00:00:01";
  link.mtu = 1500;
  link.type = ARPHRD_ETHER;
  link.addresses = {"10.0.0.2/24"};
  return link;
}

std::string refusal(const Link& link) {
  const auto checked = check_link(link);
  return checked.ok() ? "" : checked.error().message;
}

}  // namespace

TEST_CASE("links that carry Ethernet frames of a pod are served") {
  for (const char* kind : {"veth", "macvlan", "ipvlan", "vlan", "tun", ""})
    CHECK_MESSAGE(refusal(link_of_kind(kind)).empty(), kind);
}

TEST_CASE("kinds that cannot be joined are refused by name and kind") {
  for (const char* kind : {"bridge", "dummy", "wireguard", "bond"})
    CHECK_MESSAGE(refusal(link_of_kind(kind)).find("link 'eth0' is of kind '") == 0, kind);
  CHECK(refusal(link_of_kind("macvtap")).find("macvlan") != std::string::npos);
}

TEST_CASE("a physical device is refused with its address") {
  Link link = link_of_kind("");
  link.bus_info = "0000:3b:00.0";
  CHECK(refusal(link).find("link 'eth0' is a physical device (0000:3b:00.0)") == 0);
}

TEST_CASE("a tun in IP mode is refused") {
  Link link = link_of_kind("tun");
  link.type = ARPHRD_NONE;
  CHECK(refusal(link).find("carries no Ethernet frames") != std::string::npos);
}

TEST_CASE("a name that a terminal would act on is refused and not repeated") {
  Link link = link_of_kind("veth");
  link.name = "eth\x1b[0";
  CHECK(refusal(link).find("link 'eth?[0' has a name") == 0);
}
