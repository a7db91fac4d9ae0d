// SPDX-License-Identifier: Apache-2.0
#include <linux/rtnetlink.h>

#include <algorithm>

#include "guest.h"
#include "kata/concat.h"

using namespace kata;

namespace {

struct ConfiguredGuest : Guest {
  explicit ConfiguredGuest(int nics = 1) : Guest(nics) {
    for (int nic = 0; nic < nics; ++nic)
      ok(update(interface(nic, concat("eth", nic),
                          {concat("10.", nic, ".0.2/24"), concat("2001:db8:", nic, "::2/64")})));
  }
  std::string shown() const { return run("ip route; ip -6 route"); }
};

}  // namespace

TEST_CASE("routes are set whatever their order in the request") {
  ConfiguredGuest guest;
  types::Route preferred = route("10.4.0.0/16", "10.0.0.1");
  preferred.set_source("10.0.0.2");
  preferred.set_mtu(1300);
  ok(guest.update({route("", "10.0.0.1"), route("", "2001:db8:0::1"), route("", "169.254.1.1"),
                   preferred, route("169.254.1.1", ""), route("10.5.0.0/16", ""),
                   route("2001:db8:9::/48", "2001:db8:0::1")}));
  const std::string now = guest.shown();
  CHECK(contains(now, "default via 10.0.0.1 dev eth0 \n"));
  CHECK(contains(now, "default via 169.254.1.1 dev eth0 metric 1"));
  CHECK(contains(now, "default via 2001:db8::1 dev eth0 metric 1024"));
  CHECK(contains(now, "10.4.0.0/16 via 10.0.0.1 dev eth0 src 10.0.0.2 mtu 1300"));
  CHECK(contains(now, "169.254.1.1 dev eth0 scope link"));
  CHECK(contains(now, "10.5.0.0/16 dev eth0 scope link"));
  CHECK(contains(now, "2001:db8:9::/48 via 2001:db8::1 dev eth0"));
}

TEST_CASE("a gateway off the link needs the onlink flag") {
  ConfiguredGuest guest;
  types::Route wanted = route("", "192.168.77.1");
  const Error error = refused(guest.update({wanted}));
  CHECK(contains(error.message, "update routes: add route '0.0.0.0/0' via '192.168.77.1'"));
  CHECK(contains(error.message, "Nexthop has invalid gateway"));
  wanted.set_flags(RTNH_F_ONLINK);
  ok(guest.update({wanted}));
  CHECK(contains(guest.shown(), "default via 192.168.77.1 dev eth0 onlink"));
}

TEST_CASE("a later list replaces an earlier one and leaves the kernel's routes") {
  ConfiguredGuest guest;
  ok(guest.update(
      {route("", "10.0.0.1"), route("10.4.0.0/16", "10.0.0.1"), route("", "2001:db8:0::1")}));
  guest.run("ip route add 10.6.0.0/16 via 10.0.0.1 proto bird");
  ok(guest.update({route("", "10.0.0.254")}));
  const std::string now = guest.shown();
  CHECK(contains(now, "default via 10.0.0.254"));
  CHECK(count(now, "default") == 1);
  CHECK_FALSE(contains(now, "10.4.0.0/16"));
  CHECK(contains(now, "10.6.0.0/16"));
  CHECK(contains(now, "10.0.0.0/24 dev eth0 proto kernel"));
  CHECK(contains(now, "2001:db8::/64 dev eth0 proto kernel"));
  ok(guest.update(std::vector<types::Route>{}));
  CHECK(count(guest.shown(), "default") == 0);
  CHECK(contains(guest.shown(), "10.0.0.0/24 dev eth0 proto kernel"));
}

TEST_CASE("two default routes stay and the first is preferred even when they change places") {
  ConfiguredGuest guest(2);
  const types::Route one = route("", "10.0.0.1", "eth0"), other = route("", "10.1.0.1", "eth1");
  for (int round = 0; round < 2; ++round) {
    ok(guest.update({one, other}));
    CHECK(contains(guest.shown(),
                   "default via 10.0.0.1 dev eth0 \ndefault via 10.1.0.1 dev eth1 metric 1"));
    ok(guest.update({other, one}));
    CHECK(contains(guest.shown(),
                   "default via 10.1.0.1 dev eth1 \ndefault via 10.0.0.1 dev eth0 metric 1"));
    CHECK(count(guest.run("ip route"), "default") == 2);
  }
}

TEST_CASE("a list that fails leaves the routes as they were") {
  ConfiguredGuest guest;
  ok(guest.update({route("", "10.0.0.1"), route("10.4.0.0/16", "10.0.0.1")}));
  const std::string before = guest.shown();
  const Error error =
      refused(guest.update({route("", "10.0.0.9"), route("10.7.0.0/16", ""),
                            route("10.8.0.0/16", "172.16.0.1"), route("10.9.0.0/16", "10.0.0.1")}));
  CHECK(contains(error.message, "'10.8.0.0/16' via '172.16.0.1'"));
  CHECK(guest.shown() == before);
  const Error unknown =
      refused(guest.update({route("10.7.0.0/16", ""), route("", "10.0.0.1", "eth7")}));
  CHECK(unknown.code == ErrorCode::kInternal);
  CHECK(unknown.message ==
        "update routes: route to 'default': device: Link not found (name 'eth7')");
  CHECK(guest.shown() == before);
}

TEST_CASE("200 routes are set and replaced") {
  ConfiguredGuest guest;
  std::vector<types::Route> wanted;
  for (int i = 0; i < 200; ++i) wanted.push_back(route(concat("10.77.", i, ".0/24"), "10.0.0.1"));
  ok(guest.update(wanted));
  CHECK(count(guest.shown(), "10.77.") == 200);
  CHECK(guest.routes().size() >= 200);
  for (types::Route& each : wanted) each.set_gateway("10.0.0.3");
  ok(guest.update(wanted));
  CHECK(count(guest.shown(), "via 10.0.0.3") == 200);
  CHECK(count(guest.shown(), "10.77.") == 200);
}

TEST_CASE("a dump of several thousand routes is read whole") {
  ConfiguredGuest guest;
  guest.run(
      "for a in $(seq 0 19); do for b in $(seq 0 249); do echo route add 10.$((100+a)).$b.0/24 via "
      "10.0.0.1; done; done | ip -batch -");
  const auto listed = guest.routes();
  CHECK(std::ranges::count_if(
            listed, [](const auto& each) { return each.gateway() == "10.0.0.1"; }) == 5000);
}

TEST_CASE("listed routes are taken back as they are") {
  ConfiguredGuest guest(2);
  types::Route odd = route("10.4.0.0/16", "172.16.0.1", "eth1");
  odd.set_flags(RTNH_F_ONLINK);
  odd.set_mtu(1300);
  odd.set_source("10.1.0.2");
  types::Route crossing = route("10.5.0.0/16", "fe80::1");
  ok(guest.update({route("", "10.0.0.1"), route("", "2001:db8:0::1"), route("10.3.0.0/16", ""), odd,
                   crossing}));
  const std::string before = guest.shown();
  CHECK(contains(before, "10.5.0.0/16 via inet6 fe80::1 dev eth0"));
  const auto listed = guest.routes();
  const auto is_default = [](const auto& each) {
    return each.dest() == "0.0.0.0/0" || each.dest() == "::/0";
  };
  CHECK(std::ranges::count_if(listed, is_default) == 2);
  ok(guest.update(listed));
  CHECK(guest.shown() == before);
}

TEST_CASE("an update of routes needs a list") {
  Guest guest;
  const Error error =
      refused(guest.call<grpc::Routes>("UpdateRoutes", grpc::UpdateRoutesRequest()));
  CHECK(error.code == ErrorCode::kInvalidArgument);
  CHECK(error.message == "update routes: the request has no routes");
}
