// SPDX-License-Identifier: Apache-2.0
#include "agent/network/requests.h"

#include <doctest/doctest.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

using namespace kata;
using namespace kata::agent;

namespace {

types::Interface good_interface() {
  types::Interface message;
  message.set_device("eth0");
  message.set_name("eth0");
  message.set_hwaddr("52:54:00:00:00:01");
  message.set_mtu(1400);
  auto& address = *message.add_ipaddresses();
  address.set_address("10.0.0.2");
  address.set_mask("24");
  return message;
}

types::Route good_route() {
  types::Route message;
  message.set_dest("10.1.0.0/16");
  message.set_gateway("10.0.0.1");
  message.set_device("eth0");
  return message;
}

types::ARPNeighbor good_neighbor() {
  types::ARPNeighbor message;
  message.mutable_toipaddress()->set_address("10.0.0.1");
  message.set_device("eth0");
  message.set_lladdr("52:54:00:00:00:09");
  return message;
}

std::vector<Link> links() {
  Link link;
  link.index = 7;
  link.name = "eth0";
  return {link};
}

template <class Message, class Change, class Parse>
void check_refused(Message message, Change change, Parse parse, const char* words) {
  change(message);
  const auto parsed = parse(message);
  CAPTURE(words);
  REQUIRE_FALSE(parsed.ok());
  CHECK(parsed.error().code == ErrorCode::kInvalidArgument);
  CHECK_MESSAGE(parsed.error().message.find(words) != std::string::npos, parsed.error().message);
}

Result<Route> parse_route(const types::Route& message) { return route_request(message, links()); }

}  // namespace

TEST_CASE("a good interface is read whole") {
  types::Interface message = good_interface();
  message.set_raw_flags(IFF_NOARP | IFF_PROMISC);
  const InterfaceRequest request = interface_request(message).take();
  CHECK(request.name == "eth0");
  CHECK(text_of(*request.mac) == "52:54:00:00:00:01");
  CHECK(request.mtu == 1400);
  CHECK(request.no_arp);
  REQUIRE(request.addresses.size() == 1);
  CHECK(text_of(request.addresses[0]) == "10.0.0.2/24");
}

TEST_CASE("an interface that makes no sense is refused by its field") {
  const auto refused = [](auto change, const char* words) {
    check_refused(good_interface(), change, interface_request, words);
  };
  using Message = types::Interface;
  refused([](Message& m) { m.set_hwaddr("nonsense"); }, "hwAddr: 'nonsense'");
  refused([](Message& m) { m.set_name("sixteen-bytes-xy"); }, "name 'sixteen-bytes-xy'");
  refused([](Message& m) { m.set_name("../../x"); }, "name '../../x'");
  refused([](Message& m) { m.set_mtu(1ULL << 40); }, "mtu 1099511627776");
  refused([](Message& m) { m.mutable_ipaddresses(0)->set_mask("33"); },
          "IPAddresses: prefix length '33'");
  refused([](Message& m) { m.mutable_ipaddresses(0)->set_mask(""); },
          "IPAddresses: prefix length ''");
  refused([](Message& m) { m.mutable_ipaddresses(0)->set_address("::ffff:10.0.0.2"); },
          "write it as IPv4");
  refused(
      [](Message& m) {
        m.clear_name();
        m.clear_hwaddr();
      },
      "none of devicePath, hwAddr and name");
}

TEST_CASE("a good route is read whole") {
  types::Route message = good_route();
  message.set_source("10.0.0.2");
  message.set_mtu(1300);
  message.set_flags(RTNH_F_ONLINK | RTNH_F_LINKDOWN);
  const Route route = parse_route(message).take();
  CHECK(describe(route) == "'10.1.0.0/16' via '10.0.0.1'");
  CHECK(route.link_index == 7);
  CHECK(text_of(*route.source) == "10.0.0.2");
  CHECK(route.mtu == 1300);
  CHECK(route.onlink);
  CHECK(route.scope == RT_SCOPE_UNIVERSE);
}

TEST_CASE("a destination may be empty or bare or have bits of a host") {
  const auto destination = [](const char* dest, const char* gateway, types::IPFamily family) {
    types::Route message = good_route();
    message.set_dest(dest);
    message.set_gateway(gateway);
    message.set_family(family);
    return text_of(parse_route(message).take().destination);
  };
  CHECK(destination("", "10.0.0.1", types::IPFamily::v4) == "0.0.0.0/0");
  CHECK(destination("", "fe80::1", types::IPFamily::v4) == "::/0");
  CHECK(destination("", "", types::IPFamily::v6) == "::/0");
  CHECK(destination("0.0.0.0/0", "10.0.0.1", types::IPFamily::v4) == "0.0.0.0/0");
  CHECK(destination("10.9.0.5", "", types::IPFamily::v4) == "10.9.0.5/32");
  CHECK(destination("2001:db8::1", "", types::IPFamily::v4) == "2001:db8::1/128");
  CHECK(destination("10.9.0.5/16", "", types::IPFamily::v4) == "10.9.0.0/16");
}

TEST_CASE("a direct route has the scope of the link unless it says more") {
  types::Route message = good_route();
  message.clear_gateway();
  message.set_flags(RTNH_F_ONLINK);
  CHECK(parse_route(message).value().scope == RT_SCOPE_LINK);
  CHECK_FALSE(parse_route(message).value().onlink);
  message.set_scope(RT_SCOPE_HOST);
  CHECK(parse_route(message).value().scope == RT_SCOPE_HOST);
}

TEST_CASE("a route that makes no sense is refused by its destination and field") {
  const auto refused = [](auto change, const char* words) {
    check_refused(good_route(), change, parse_route, words);
  };
  using Message = types::Route;
  refused([](Message& m) { m.set_dest("10.1.0.0/33"); },
          "route to '10.1.0.0/33': dest: prefix length '33'");
  refused([](Message& m) { m.set_dest("default"); }, "dest: 'default' is not an IP address");
  refused([](Message& m) { m.set_gateway("gate"); }, "route to '10.1.0.0/16': gateway: 'gate'");
  refused([](Message& m) { m.set_source("2001:db8::1"); }, "source '2001:db8::1' is not of");
  refused([](Message& m) { m.set_scope(256); }, "scope 256 is not from 0 to 255");
  refused([](Message& m) { m.set_dest("2001:db8::/32"); }, "gateway '10.0.0.1' is not an IPv6");
}

TEST_CASE("a route over a link that is not there names it") {
  types::Route message = good_route();
  message.set_device("eth9");
  const auto route = parse_route(message);
  REQUIRE_FALSE(route.ok());
  CHECK(route.error().message == "route to '10.1.0.0/16': device: Link not found (name 'eth9')");
}

TEST_CASE("a neighbour is permanent unless it has a state") {
  CHECK(neighbor_request(good_neighbor()).value().state == NUD_PERMANENT);
  types::ARPNeighbor message = good_neighbor();
  message.set_state(NUD_REACHABLE);
  message.set_flags(NTF_ROUTER);
  const Neighbor neighbor = neighbor_request(message).take();
  CHECK(neighbor.state == NUD_REACHABLE);
  CHECK(neighbor.flags == NTF_ROUTER);
}

TEST_CASE("a neighbour that makes no sense is refused by its field") {
  const auto refused = [](auto change, const char* words) {
    check_refused(good_neighbor(), change, neighbor_request, words);
  };
  using Message = types::ARPNeighbor;
  refused([](Message& m) { m.clear_toipaddress(); }, "toIPAddress: ''");
  refused([](Message& m) { m.clear_device(); }, "device ''");
  refused([](Message& m) { m.set_lladdr("x"); }, "lladdr: 'x'");
  refused([](Message& m) { m.clear_lladdr(); }, "has no lladdr");
  refused([](Message& m) { m.set_state(-1); }, "state -1");
  refused([](Message& m) { m.set_state(256); }, "state 256");
  refused([](Message& m) { m.set_flags(-1); }, "flags -1");
  refused([](Message& m) { m.set_flags(256); }, "flags 256");
}

TEST_CASE("a proxy entry has no hardware address") {
  types::ARPNeighbor message = good_neighbor();
  message.clear_lladdr();
  message.set_flags(NTF_PROXY);
  CHECK(neighbor_request(message).ok());
}

TEST_CASE("a listed default route is read back as the same route") {
  for (const char* gateway : {"10.0.0.1", "fe80::1"}) {
    types::Route message = good_route();
    message.clear_dest();
    message.set_gateway(gateway);
    const Route route = parse_route(message).take();
    const types::Route listed = route_message(route, links());
    CHECK(listed.device() == "eth0");
    CHECK(is_same_route(parse_route(listed).take(), route));
  }
}

TEST_CASE("a listed interface has its own addresses in words that a host reads") {
  Link link = links().front();
  link.mac = parse_mac("52:54:00:00:00:0a").take();
  link.mtu = 1400;
  link.flags = IFF_UP | IFF_NOARP;
  const std::vector<LinkAddress> addresses{{7, parse_prefix("10.0.0.2", "24").take()},
                                           {8, parse_prefix("10.0.0.3", "24").take()},
                                           {7, parse_prefix("2001:db8::2", "64").take()}};
  const types::Interface message = interface_message(link, addresses);
  CHECK(message.name() == "eth0");
  CHECK(message.hwaddr() == "52:54:00:00:00:0A");
  CHECK(message.mtu() == 1400);
  CHECK(message.raw_flags() == IFF_NOARP);
  REQUIRE(message.ipaddresses_size() == 2);
  CHECK(message.ipaddresses(0).address() == "10.0.0.2");
  CHECK(message.ipaddresses(0).mask() == "24");
  CHECK(message.ipaddresses(1).family() == types::IPFamily::v6);
}
