// SPDX-License-Identifier: Apache-2.0
//
// Links, addresses and routes out of rtnetlink's messages, and which addresses a link must lose.
#include <doctest/doctest.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>

#include "agent/network/addresses.h"
#include "agent/network/links.h"
#include "agent/network/routes.h"

using namespace kata;
using namespace kata::agent;

namespace {

Prefix prefix(const char* address, const char* length) {
  return parse_prefix(address, length).take();
}

std::string payload_of(MessageBuilder& builder) {
  return std::string(builder.finish(1, 0).substr(sizeof(nlmsghdr)));
}

rtmsg main_route(std::uint8_t family) {
  rtmsg fixed{};
  fixed.rtm_family = family;
  fixed.rtm_table = RT_TABLE_MAIN;
  fixed.rtm_type = RTN_UNICAST;
  return fixed;
}

std::optional<Route> decoded(MessageBuilder& builder) {
  return decode_route(payload_of(builder)).take();
}

}  // namespace

TEST_CASE("a link has what its message says") {
  ifinfomsg fixed{};
  fixed.ifi_index = 3;
  fixed.ifi_type = ARPHRD_ETHER;
  MessageBuilder builder(RTM_NEWLINK, 0, fixed);
  builder.add_text(IFLA_IFNAME, "eth0").add_number(IFLA_MTU, 1400U).add_number(IFLA_MAX_MTU, 9000U);
  builder.add(IFLA_ADDRESS, "\x52\x54\x01\x02\x03\x04");
  const Link link = decode_link(payload_of(builder)).take();
  CHECK(link.index == 3);
  CHECK(link.name == "eth0");
  CHECK(link.mtu == 1400);
  CHECK(link.largest_mtu == 9000);
  REQUIRE(link.mac.has_value());
  CHECK(text_of(*link.mac) == "52:54:01:02:03:04");
}

TEST_CASE("a link's name is UTF-8 whatever the kernel says") {
  MessageBuilder builder(RTM_NEWLINK, 0, ifinfomsg{});
  builder.add_text(IFLA_IFNAME, "\xff\xc3\xa4\xc3");
  CHECK(decode_link(payload_of(builder)).take().name == "?\xc3\xa4?");
}

TEST_CASE("an address that is not Ethernet's is none") {
  ifinfomsg fixed{};
  fixed.ifi_type = ARPHRD_TUNNEL;
  MessageBuilder tunnel(RTM_NEWLINK, 0, fixed);
  tunnel.add(IFLA_ADDRESS, "\x0a\x01\x02\x03");
  CHECK_FALSE(decode_link(payload_of(tunnel)).take().mac.has_value());
  CHECK_FALSE(decode_link("short").ok());
}

TEST_CASE("the address of a point-to-point link is its own and not the peer's") {
  ifaddrmsg fixed{};
  fixed.ifa_family = AF_INET;
  fixed.ifa_prefixlen = 24;
  fixed.ifa_index = 4;
  MessageBuilder builder(RTM_NEWADDR, 0, fixed);
  builder.add(IFA_ADDRESS, parse_ip("10.0.0.9").value().view());
  CHECK(text_of(decode_address(payload_of(builder)).take()->prefix) == "10.0.0.9/24");
  builder.add(IFA_LOCAL, parse_ip("10.0.0.1").value().view());
  const auto address = decode_address(payload_of(builder)).take();
  CHECK(text_of(address->prefix) == "10.0.0.1/24");
  CHECK(address->link_index == 4);
}

TEST_CASE("an address whose size or prefix is impossible is skipped") {
  ifaddrmsg fixed{};
  fixed.ifa_family = AF_INET;
  fixed.ifa_prefixlen = 33;
  MessageBuilder too_long(RTM_NEWADDR, 0, fixed);
  too_long.add(IFA_LOCAL, "1234");
  CHECK_FALSE(decode_address(payload_of(too_long)).take().has_value());
  fixed.ifa_prefixlen = 24;
  MessageBuilder odd(RTM_NEWADDR, 0, fixed);
  odd.add(IFA_LOCAL, "12345");
  CHECK_FALSE(decode_address(payload_of(odd)).take().has_value());
}

TEST_CASE("a route has what its message says") {
  rtmsg fixed = main_route(AF_INET);
  fixed.rtm_dst_len = 8;
  fixed.rtm_protocol = RTPROT_BOOT;
  fixed.rtm_flags = RTNH_F_ONLINK;
  MessageBuilder builder(RTM_NEWROUTE, 0, fixed);
  builder.add(RTA_DST, parse_ip("10.0.0.0").value().view());
  builder.add(RTA_GATEWAY, parse_ip("192.168.0.1").value().view());
  builder.add(RTA_PREFSRC, parse_ip("192.168.0.2").value().view());
  builder.add_number(RTA_OIF, 5).add_number(RTA_PRIORITY, 7);
  const std::size_t metrics = builder.begin_nest(RTA_METRICS);
  builder.add_number(RTAX_MTU, 1300).end_nest(metrics);
  const auto route = decoded(builder);
  REQUIRE(route.has_value());
  CHECK(describe(*route) == "'10.0.0.0/8' via '192.168.0.1'");
  CHECK(text_of(*route->source) == "192.168.0.2");
  CHECK(route->link_index == 5);
  CHECK(route->metric == 7);
  CHECK(route->mtu == 1300);
  CHECK(route->onlink);
}

TEST_CASE("a route without a destination is the default one of its family") {
  MessageBuilder builder(RTM_NEWROUTE, 0, main_route(AF_INET6));
  CHECK(text_of(decoded(builder)->destination) == "::/0");
}

TEST_CASE("a gateway of the other family is read") {
  MessageBuilder builder(RTM_NEWROUTE, 0, main_route(AF_INET));
  const std::uint16_t family = AF_INET6;
  std::string via(reinterpret_cast<const char*>(&family), sizeof family);
  via.append(parse_ip("fe80::1").value().view());
  builder.add(RTA_VIA, via);
  CHECK(text_of(*decoded(builder)->gateway) == "fe80::1");
  MessageBuilder damaged(RTM_NEWROUTE, 0, main_route(AF_INET));
  damaged.add(RTA_VIA, "\x0a");
  CHECK_FALSE(decoded(damaged)->gateway.has_value());
}

TEST_CASE("routes of other tables and kinds are none of ours") {
  rtmsg local = main_route(AF_INET);
  local.rtm_table = RT_TABLE_LOCAL;
  MessageBuilder other_table(RTM_NEWROUTE, 0, local);
  CHECK_FALSE(decoded(other_table).has_value());
  MessageBuilder large_table(RTM_NEWROUTE, 0, main_route(AF_INET));
  large_table.add_number(RTA_TABLE, std::uint32_t{1000});
  CHECK_FALSE(decoded(large_table).has_value());
  rtmsg kind = main_route(AF_INET);
  kind.rtm_type = RTN_BLACKHOLE;
  MessageBuilder blackhole(RTM_NEWROUTE, 0, kind);
  CHECK_FALSE(decoded(blackhole).has_value());
  rtmsg clone = main_route(AF_INET6);
  clone.rtm_flags = RTM_F_CLONED;
  MessageBuilder cached(RTM_NEWROUTE, 0, clone);
  CHECK_FALSE(decoded(cached).has_value());
  MessageBuilder many(RTM_NEWROUTE, 0, main_route(AF_INET));
  many.add(RTA_MULTIPATH, "");
  CHECK_FALSE(decoded(many).has_value());
  rtmsg family = main_route(AF_UNIX);
  MessageBuilder unknown(RTM_NEWROUTE, 0, family);
  CHECK_FALSE(decoded(unknown).has_value());
}

TEST_CASE("a link loses what is not wanted but its own link-local address") {
  const std::vector<Prefix> present{prefix("10.0.0.1", "24"), prefix("10.0.0.2", "24"),
                                    prefix("fe80::1", "64"), prefix("2001:db8::1", "64")};
  const std::vector<Prefix> wanted{prefix("10.0.0.2", "24"), prefix("10.0.0.1", "16")};
  CHECK(addresses_to_remove(present, wanted) ==
        std::vector<Prefix>{prefix("10.0.0.1", "24"), prefix("2001:db8::1", "64")});
}

TEST_CASE("a link gets what is missing once and in the order of the request") {
  const std::vector<Prefix> present{prefix("10.0.0.1", "24")};
  const std::vector<Prefix> wanted{prefix("10.0.0.3", "24"), prefix("10.0.0.1", "24"),
                                   prefix("10.0.0.2", "24"), prefix("10.0.0.3", "24")};
  CHECK(addresses_to_add(present, wanted) ==
        std::vector<Prefix>{prefix("10.0.0.3", "24"), prefix("10.0.0.2", "24")});
}

TEST_CASE("link names are the kernel's without those it expands") {
  for (const char* name : {"eth0", "a", "fifteen-bytes-x", "eth0.100", "häß",
                           "a\x01"
                           "b",
                           "-"})
    CHECK_MESSAGE(is_link_name(name), name);
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("sixteen-bytes-xy"),
        std::string("a/b"), std::string("a b"), std::string("a:1"), std::string("eth%d"),
        std::string("a\n"), std::string("a\0b", 3)})
    CHECK_MESSAGE(!is_link_name(name), name);
}
