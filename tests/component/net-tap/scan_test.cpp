// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "kata/concat.h"
#include "pod.h"

using namespace kata;
using namespace kata::tap;
using namespace kata::tap::test;

namespace {

struct Scanned : OneLink {
  std::unique_ptr<TapNetwork> network = make_network(state);
  GuestNetwork guest() { return attach(*network, pod).guest; }
};

const GuestRoute* route_to(const GuestNetwork& guest, std::string_view destination,
                           std::string_view gateway) {
  const auto found =
      std::find_if(guest.routes.begin(), guest.routes.end(), [&](const GuestRoute& route) {
        return route.destination == destination && route.gateway == gateway;
      });
  return found == guest.routes.end() ? nullptr : &*found;
}

}  // namespace

TEST_CASE("name and MAC and MTU of a link reach the guest") {
  Scanned scanned;
  scanned.pod.run("ip link set dev eth0 address 02:11:22:33:44:55 mtu 1400");
  const GuestNetwork guest = scanned.guest();
  REQUIRE(guest.interfaces.size() == 1);
  CHECK(guest.interfaces[0].device_id == "net0");
  CHECK(guest.interfaces[0].name == "eth0");
  CHECK(guest.interfaces[0].mac == "02:11:22:33:44:55");
  CHECK(guest.interfaces[0].mtu == 1400);
}

TEST_CASE("addresses of both families are scanned and link-local ones are not") {
  Scanned scanned;
  scanned.pod.run("ip addr add fd00:9::2/64 dev eth0 nodad; ip addr add fe80::5/64 dev eth0 nodad");
  CHECK(scanned.guest().interfaces.at(0).addresses ==
        std::vector<std::string>{"10.9.0.2/24", "fd00:9::2/64"});
}

TEST_CASE("a host address has its prefix length") {
  Scanned scanned;
  scanned.pod.run("ip addr del 10.9.0.2/24 dev eth0; ip addr add 10.9.0.7/32 dev eth0");
  CHECK(scanned.guest().interfaces.at(0).addresses == std::vector<std::string>{"10.9.0.7/32"});
}

TEST_CASE("the kernel's own routes are not scanned") {
  Scanned scanned;
  CHECK(scanned.guest().routes.empty());
}

TEST_CASE("default routes and routes by a gateway are scanned after those to a link") {
  Scanned scanned;
  scanned.pod.run(
      "ip route add default via 10.9.0.1; ip route add 10.7.0.0/16 via 10.9.0.3 src 10.9.0.2;"
      "ip route add 192.168.9.1 dev eth0 scope link; ip addr add fd00:9::2/64 dev eth0 nodad;"
      "ip -6 route add default via fd00:9::1 dev eth0; ip -6 route add fd07::/32 dev eth0");
  const GuestNetwork guest = scanned.guest();
  CHECK(guest.routes.size() == 5);
  REQUIRE(route_to(guest, "", "10.9.0.1") != nullptr);
  CHECK(route_to(guest, "", "10.9.0.1")->interface_name == "eth0");
  REQUIRE(route_to(guest, "10.7.0.0/16", "10.9.0.3") != nullptr);
  CHECK(route_to(guest, "10.7.0.0/16", "10.9.0.3")->source == "10.9.0.2");
  CHECK(route_to(guest, "", "fd00:9::1") != nullptr);
  CHECK(route_to(guest, "fd07::/32", "") != nullptr);
  REQUIRE(route_to(guest, "192.168.9.1/32", "") != nullptr);
  CHECK(route_to(guest, "192.168.9.1/32", "")->scope == 253);
  CHECK(guest.routes.at(0).gateway.empty());
  CHECK(guest.routes.at(1).gateway.empty());
}

TEST_CASE("an IPv6 default route without gateway keeps its family") {
  Scanned scanned;
  scanned.pod.run("ip addr add fd00:9::2/64 dev eth0 nodad; ip -6 route add default dev eth0");
  CHECK(route_to(scanned.guest(), "::/0", "") != nullptr);
}

TEST_CASE("permanent neighbours are scanned and others are not") {
  Scanned scanned;
  scanned.pod.run(
      "ip neigh add 10.9.0.9 lladdr 02:00:00:00:00:09 dev eth0 nud permanent;"
      "ip neigh add 10.9.0.8 lladdr 02:00:00:00:00:08 dev eth0 nud stale");
  const GuestNetwork guest = scanned.guest();
  REQUIRE(guest.neighbors.size() == 1);
  CHECK(guest.neighbors[0].address == "10.9.0.9");
  CHECK(guest.neighbors[0].mac == "02:00:00:00:00:09");
  CHECK(guest.neighbors[0].interface_name == "eth0");
}

TEST_CASE("200 routes and 64 addresses are scanned") {
  Scanned scanned;
  scanned.pod.run(
      "for i in $(seq 1 200); do echo route add 10.80.$i.0/24 via 10.9.0.1; done | ip -b -;"
      "for i in $(seq 3 65); do echo addr add 10.9.0.$i/24 dev eth0; done | ip -b -");
  const GuestNetwork guest = scanned.guest();
  CHECK(guest.routes.size() == 200);
  CHECK(guest.interfaces.at(0).addresses.size() == 64);
}

TEST_CASE("two links with one MAC are both served") {
  Scanned scanned;
  scanned.pod.add_veth("eth1", 1);
  scanned.pod.run(
      "ip link set dev eth0 address 02:00:00:00:00:01; ip addr add 10.10.0.2/24 dev eth1;"
      "ip link set dev eth1 address 02:00:00:00:00:01");
  const GuestNetwork guest = scanned.guest();
  REQUIRE(guest.interfaces.size() == 2);
  CHECK(guest.interfaces[0].mac == guest.interfaces[1].mac);
}

TEST_CASE("a jumbo MTU is taken over") {
  Scanned scanned;
  scanned.pod.run("ip link set dev eth0 mtu 65000");
  const NetworkPlan plan = attach(*scanned.network, scanned.pod);
  CHECK(plan.guest.interfaces.at(0).mtu == 65000);
  CHECK(contains(scanned.pod.run("ip link show dev tap0_kata"), "mtu 65000"));
}

TEST_CASE("a name with odd characters is taken over as it is") {
  for (const std::string name : {"a\"b$;{}&", "-x", "tap0.kata"}) {
    const Pod pod;
    const TemporaryDirectory state;
    pod.add_veth(name, 0);
    pod.run(concat("ip addr add 10.9.0.2/24 dev '", name, "'"));
    const auto network = make_network(state);
    CHECK(attach(*network, pod).guest.interfaces.at(0).name == name);
    const auto detached = network->detach();
    CHECK_MESSAGE(detached.ok(), detached.error().message);
  }
}
