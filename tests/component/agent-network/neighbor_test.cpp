// SPDX-License-Identifier: Apache-2.0
#include <linux/neighbour.h>

#include "guest.h"

using namespace kata;

namespace {

types::ARPNeighbor neighbor(const char* address, const char* mac) {
  types::ARPNeighbor message;
  message.mutable_toipaddress()->set_address(address);
  message.set_device("eth0");
  message.set_lladdr(mac);
  return message;
}

}  // namespace

TEST_CASE("neighbours of both families are permanent unless they say else") {
  Guest guest;
  ok(guest.update(interface(0, "eth0", {"10.9.0.2/24", "2001:db8::2/64"})));
  types::ARPNeighbor stale = neighbor("10.9.0.5", "02:00:00:00:00:15");
  stale.set_state(NUD_STALE);
  types::ARPNeighbor router = neighbor("2001:db8::1", "02:00:00:00:00:11");
  router.set_state(NUD_PERMANENT);
  router.set_flags(NTF_ROUTER);
  ok(guest.add({neighbor("10.9.0.1", "02:00:00:00:00:11"), stale, router}));
  const std::string now = guest.run("ip neigh show dev eth0");
  CHECK(contains(now, "10.9.0.1 lladdr 02:00:00:00:00:11 PERMANENT"));
  CHECK(contains(now, "10.9.0.5 lladdr 02:00:00:00:00:15 STALE"));
  CHECK(contains(now, "2001:db8::1 lladdr 02:00:00:00:00:11 router PERMANENT"));
}

TEST_CASE("a neighbour that is there already is replaced") {
  Guest guest;
  ok(guest.update(interface(0, "eth0", {"10.9.0.2/24"})));
  ok(guest.add({neighbor("10.9.0.1", "02:00:00:00:00:11")}));
  ok(guest.add({neighbor("10.9.0.1", "02:00:00:00:00:12")}));
  const std::string now = guest.run("ip neigh show dev eth0");
  CHECK(contains(now, "10.9.0.1 lladdr 02:00:00:00:00:12 PERMANENT"));
  CHECK(count(now, "10.9.0.1") == 1);
}

TEST_CASE("a proxy entry needs no hardware address") {
  Guest guest;
  ok(guest.update(interface(0, "eth0", {"10.9.0.2/24"})));
  types::ARPNeighbor proxy = neighbor("10.9.0.7", "");
  proxy.set_flags(NTF_PROXY);
  ok(guest.add({proxy}));
  CHECK(contains(guest.run("ip neigh show proxy dev eth0"), "10.9.0.7"));
}

TEST_CASE("a neighbour that cannot be is refused by its address or field") {
  Guest guest;
  ok(guest.update(interface(0, "eth0", {"10.9.0.2/24"})));
  types::ARPNeighbor elsewhere = neighbor("10.9.0.1", "02:00:00:00:00:11");
  elsewhere.set_device("eth7");
  const Error unknown = refused(guest.add({elsewhere}));
  CHECK(unknown.code == ErrorCode::kInternal);
  CHECK(unknown.message ==
        "add ARP neighbours: neighbour '10.9.0.1': Link not found (name 'eth7')");
  // All are read before the first is set.
  const Error bad = refused(guest.add(
      {neighbor("10.9.0.1", "02:00:00:00:00:11"), neighbor("10.9.0.300", "02:00:00:00:00:11")}));
  CHECK(bad.code == ErrorCode::kInvalidArgument);
  CHECK(contains(bad.message, "toIPAddress: '10.9.0.300'"));
  CHECK_FALSE(contains(guest.run("ip neigh show dev eth0"), "10.9.0.1 "));
  CHECK(refused(guest.call<grpc::Empty>("AddARPNeighbors", grpc::AddARPNeighborsRequest())).code ==
        ErrorCode::kInvalidArgument);
}
