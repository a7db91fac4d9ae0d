// SPDX-License-Identifier: Apache-2.0
#include "agent/network/route_update.h"

#include <doctest/doctest.h>
#include <linux/rtnetlink.h>

using namespace kata;
using namespace kata::agent;

namespace {

Route route(const char* address, const char* length, const char* gateway = "", int link = 1) {
  Route out;
  out.destination = parse_prefix(address, length).take();
  if (*gateway != 0) out.gateway = parse_ip(gateway).take();
  out.link_index = link;
  out.protocol = RTPROT_BOOT;
  return out;
}

std::vector<std::string> descriptions(const std::vector<Route>& routes) {
  std::vector<std::string> out;
  for (const Route& each : routes) out.push_back(describe(each));
  return out;
}

}  // namespace

TEST_CASE("routes without a gateway come first and else in the host's order") {
  const auto order = arranged({route("0.0.0.0", "0", "10.0.0.1"), route("10.2.0.0", "16"),
                               route("10.3.0.0", "16", "10.0.0.1"), route("10.0.0.1", "32")});
  CHECK(descriptions(order) == std::vector<std::string>{"'10.2.0.0/16'", "'10.0.0.1/32'",
                                                        "'0.0.0.0/0' via '10.0.0.1'",
                                                        "'10.3.0.0/16' via '10.0.0.1'"});
}

TEST_CASE("the second route to a destination gets a larger metric") {
  const auto order =
      arranged({route("0.0.0.0", "0", "10.0.0.1", 1), route("0.0.0.0", "0", "10.1.0.1", 2),
                route("::", "0", "fe80::1", 1), route("::", "0", "fe80::2", 2)});
  REQUIRE(order.size() == 4);
  CHECK(order[0].metric == 0);
  CHECK(order[1].metric == 1);
  CHECK(order[2].metric == 1024);
  CHECK(order[3].metric == 1025);
}

TEST_CASE("a route that is named twice is set once") {
  CHECK(arranged({route("10.0.0.0", "8"), route("10.0.0.0", "8")}).size() == 1);
}

TEST_CASE("only routes set by hand are removed") {
  std::vector<Route> present{route("10.0.0.0", "8"), route("10.1.0.0", "16"),
                             route("10.2.0.0", "16"), route("10.3.0.0", "16")};
  present[1].protocol = RTPROT_KERNEL;
  present[2].protocol = RTPROT_RA;
  const std::vector<Route> wanted{route("10.3.0.0", "16")};
  CHECK(descriptions(routes_to_remove(present, wanted)) ==
        std::vector<std::string>{"'10.0.0.0/8'"});
}

TEST_CASE("a route that the kernel has set already is not set again") {
  std::vector<Route> present{route("10.1.0.0", "16")};
  present[0].protocol = RTPROT_KERNEL;
  CHECK(routes_to_add(present, {route("10.1.0.0", "16")}).empty());
  present[0] = route("2001:db8::", "64");
  present[0].protocol = RTPROT_KERNEL;
  present[0].metric = 256;
  CHECK(routes_to_add(present, arranged({route("2001:db8::", "64")})).empty());
  present[0].protocol = RTPROT_BOOT;
  CHECK(routes_to_add(present, arranged({route("2001:db8::", "64")})).size() == 1);
}

TEST_CASE("every property of a route but who set it makes another route") {
  const Route one = route("10.0.0.0", "8", "10.9.0.1");
  const auto differs = [&one](auto change) {
    Route other = one;
    change(other);
    return !is_same_route(one, other);
  };
  CHECK_FALSE(differs([](Route& r) { r.protocol = RTPROT_KERNEL; }));
  CHECK(differs([](Route& r) { r.destination.length = 9; }));
  CHECK(differs([](Route& r) { r.gateway.reset(); }));
  CHECK(differs([](Route& r) { r.source = parse_ip("10.0.0.2").take(); }));
  CHECK(differs([](Route& r) { r.link_index = 2; }));
  CHECK(differs([](Route& r) { r.metric = 1; }));
  CHECK(differs([](Route& r) { r.mtu = 1400; }));
  CHECK(differs([](Route& r) { r.onlink = true; }));
  CHECK(differs([](Route& r) { r.scope = RT_SCOPE_LINK; }));
  Route v6 = route("2001:db8::", "32");
  Route scoped = v6;
  scoped.scope = RT_SCOPE_LINK;
  CHECK(is_same_route(v6, scoped));
}
