// SPDX-License-Identifier: Apache-2.0
#include <net/if.h>

#include <atomic>
#include <chrono>
#include <map>
#include <thread>

#include "guest.h"
#include "kata/concat.h"

using namespace kata;

namespace {

std::string addresses_of(const Guest& guest, const std::string& link) {
  return guest.run(concat("ip -br addr show dev '", link, "'"));
}

}  // namespace

TEST_CASE("an interface gets its name and mtu and addresses and is up") {
  Guest guest;
  types::Interface wanted = interface(0, "net1", {"10.9.0.2/24", "2001:db8::2/64"});
  wanted.set_mtu(1400);
  wanted.set_type("veth");
  const types::Interface reply = ok(guest.update(wanted));
  CHECK(reply.name() == "net1");
  CHECK(reply.device() == "net1");
  CHECK(reply.type() == "veth");
  CHECK(reply.mtu() == 1400);
  CHECK(reply.hwaddr() == "02:00:00:00:00:01");
  CHECK(reply.raw_flags() == 0);
  const std::string now = guest.run("ip addr show dev net1");
  CHECK(contains(now, "mtu 1400"));
  CHECK(contains(now, ",UP"));
  CHECK(contains(now, "inet 10.9.0.2/24 brd 10.9.0.255 scope global net1"));
  CHECK(contains(now, "inet6 2001:db8::2/64 scope global nodad"));
  CHECK_FALSE(contains(now, "2001:db8::2/64 scope global tentative"));
}

TEST_CASE("the same interface again changes nothing") {
  Guest guest;
  const types::Interface wanted = interface(0, "net1", {"10.9.0.2/24", "2001:db8::2/64"});
  ok(guest.update(wanted));
  guest.run(
      "ip route add 10.8.0.0/16 via 10.9.0.1; ip -6 route add 2001:db8:1::/48 via 2001:db8::1");
  const std::string before =
      guest.run("ip -o addr show dev net1 scope global; ip route; ip -6 route show proto boot");
  ok(guest.update(wanted));
  CHECK(guest.run("ip -o addr show dev net1 scope global; ip route; ip -6 route show proto boot") ==
        before);
  CHECK(contains(before, "10.8.0.0/16"));
  CHECK(contains(before, "2001:db8:1::/48"));
}

TEST_CASE("addresses that are not asked for go and IPv6's link-local one stays") {
  Guest guest;
  ok(guest.update(interface(0, "eth0", {"10.9.0.2/24", "10.9.0.3/24", "2001:db8::2/64"})));
  guest.run("ip addr add fe80::9/64 dev eth0 nodad");
  // 10.9.0.3 was secondary to 10.9.0.2, with which the kernel drops it.
  ok(guest.update(interface(0, "eth0", {"10.9.0.3/24", "10.7.0.1/32"})));
  const std::string now = addresses_of(guest, "eth0");
  CHECK_FALSE(contains(now, "10.9.0.2/"));
  CHECK_FALSE(contains(now, "2001:db8::2"));
  CHECK(contains(now, "10.9.0.3/24"));
  CHECK(contains(now, "10.7.0.1/32"));
  CHECK(contains(now, "fe80::9/64"));
  ok(guest.update(interface(0, "eth0", {})));
  CHECK_FALSE(contains(addresses_of(guest, "eth0"), "10."));
}

TEST_CASE("two interfaces change names") {
  Guest guest(2);
  ok(guest.update(interface(1, "eth0", {"10.9.0.2/24"})));
  CHECK(contains(guest.run("ip link show dev eth0"), mac_of(1)));
  CHECK(contains(guest.run("ip link show dev eth1"), mac_of(0)));
  ok(guest.update(interface(0, "eth1", {"10.8.0.2/24"})));
  CHECK(contains(addresses_of(guest, "eth0"), "10.9.0.2/24"));
  CHECK(contains(addresses_of(guest, "eth1"), "10.8.0.2/24"));
}

TEST_CASE("an interface that is up changes its name and is up again") {
  Guest guest(2);
  ok(guest.update(interface(0, "eth0", {"10.9.0.2/24"})));
  ok(guest.update(interface(1, "eth1", {"10.8.0.2/24"})));
  ok(guest.update(interface(1, "eth0", {"10.8.0.2/24", "2001:db8::2/64"})));
  CHECK(contains(guest.run("ip addr show dev eth0 up"), "10.8.0.2/24"));
  CHECK(contains(guest.run("ip addr show dev eth0 up"), "2001:db8::2/64"));
  CHECK(contains(guest.run("ip addr show dev eth1 up"), "10.9.0.2/24"));
}

TEST_CASE("names with odd characters are names") {
  Guest guest;
  const std::string name = "a;'$(x)\xc3\xa4\"";
  CHECK(ok(guest.update(interface(0, name, {"10.9.0.2/24"}))).name() == name);
  CHECK(contains(guest.run("ip -br addr"), name));
  guest.run("ip link add dev \"$(printf '\\377')\" type veth peer name other");
  CHECK(guest.call<grpc::Interfaces>("ListInterfaces", grpc::ListInterfacesRequest()).ok());
}

TEST_CASE("an interface found by its name gets the hardware address") {
  Guest guest;
  types::Interface wanted = interface(0, "eth0", {});
  wanted.set_hwaddr("52:54:00:12:34:56");
  CHECK(ok(guest.update(wanted)).hwaddr() == "52:54:00:12:34:56");
  CHECK(contains(guest.run("ip link show dev eth0"), "52:54:00:12:34:56"));
}

TEST_CASE("NOARP is set and cleared as asked") {
  Guest guest;
  types::Interface wanted = interface(0, "eth0", {});
  wanted.set_raw_flags(IFF_NOARP | IFF_PROMISC);
  CHECK(ok(guest.update(wanted)).raw_flags() == IFF_NOARP);
  CHECK(contains(guest.run("ip link show dev eth0"), "NOARP"));
  CHECK_FALSE(contains(guest.run("ip link show dev eth0"), "PROMISC"));
  wanted.set_raw_flags(0);
  CHECK(ok(guest.update(wanted)).raw_flags() == 0);
}

TEST_CASE("an interface carries 64 addresses") {
  Guest guest;
  std::vector<std::string> addresses;
  for (int i = 1; i <= 32; ++i) {
    addresses.push_back(concat("10.9.0.", i, "/24"));
    addresses.push_back(concat("2001:db8::", i, "/64"));
  }
  const types::Interface reply = ok(guest.update(interface(0, "eth0", addresses)));
  int found = 0;
  for (const types::IPAddress& address : reply.ipaddresses())
    found +=
        address.address().starts_with("10.9.0.") || address.address().starts_with("2001:db8::");
  CHECK(found == 64);
  CHECK(count(guest.run("ip -o addr show dev eth0 scope global"), "\n") == 64);
}

TEST_CASE("an interface that comes late is waited for") {
  Guest guest(0);
  std::thread later([&guest] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    guest.run(concat("ip link add dev late0 address ", mac_of(0), " type veth peer name peer0"));
  });
  const auto reply = guest.update(interface(0, "eth0", {"10.9.0.2/24"}));
  later.join();
  CHECK(ok(reply).name() == "eth0");
}

TEST_CASE("an interface that never comes is an error that hosts know") {
  Guest guest(0);
  const auto start = std::chrono::steady_clock::now();
  const Error error = refused(guest.update(interface(0, "eth0", {})));
  CHECK(std::chrono::steady_clock::now() - start >= std::chrono::seconds(3));
  CHECK(error.code == ErrorCode::kInternal);
  CHECK(error.message ==
        "update interface: Link not found (hardware address '02:00:00:00:00:01', name 'eth0')");
  types::Interface by_path = interface(0, "eth0", {});
  by_path.set_devicepath("1e/1f");
  CHECK(contains(refused(guest.update(by_path)).message, "Link not found (PCI path '1e/1f'"));
}

TEST_CASE("other calls are answered while an interface is waited for") {
  Guest guest(0);
  ttrpc::BlockingClient other = guest.connect();
  std::atomic<bool> answered = false;
  std::thread waiting([&] {
    (void)guest.update(interface(0, "eth0", {}));
    answered = true;
  });
  for (int round = 0; round < 20; ++round)
    CHECK(ttrpc::call<grpc::Interfaces>(other, "grpc.AgentService", "ListInterfaces",
                                        grpc::ListInterfacesRequest(),
                                        std::chrono::steady_clock::now() + std::chrono::seconds(2))
              .ok());
  CHECK_FALSE(answered);
  waiting.join();
}

TEST_CASE("what an interface cannot be is refused and changes nothing") {
  Guest guest;
  const std::string before = guest.run("ip addr");
  const auto message_of = [&guest](auto change) {
    types::Interface wanted = interface(0, "eth0", {"10.9.0.2/24"});
    change(wanted);
    const Error error = refused(guest.update(wanted));
    CHECK(error.code == ErrorCode::kInvalidArgument);
    return error.message;
  };
  using Message = types::Interface;
  CHECK(contains(message_of([](Message& m) { m.set_mtu(20); }),
                 "interface 'eth0': mtu 20 is not from 68 to 65535"));
  CHECK(contains(message_of([](Message& m) { m.set_mtu(70000); }), "mtu 70000"));
  CHECK(contains(message_of([](Message& m) { m.set_hwaddr("x"); }), "hwAddr: 'x'"));
  CHECK(contains(message_of([](Message& m) { m.set_name("sixteen-bytes-xy"); }),
                 "'sixteen-bytes-xy'"));
  CHECK(contains(message_of([](Message& m) { m.set_name("lo"); }),
                 "the name 'lo' is the loopback's"));
  CHECK(contains(message_of([](Message& m) { m.set_devicepath("../../x"); }),
                 "'../../x' is not a PCI path"));
  CHECK(contains(message_of([](Message& m) { m.mutable_ipaddresses(0)->set_mask("255.0.0.0"); }),
                 "'255.0.0.0'"));
  CHECK(guest.run("ip addr") == before);
  CHECK(contains(
      refused(guest.call<types::Interface>("UpdateInterface", grpc::UpdateInterfaceRequest()))
          .message,
      "update interface: the request has no interface"));
}

TEST_CASE("of two NICs with one hardware address the named one is taken") {
  Guest guest(2);
  guest.run(concat("ip link set dev eth1 address ", mac_of(0)));
  ok(guest.update(interface(0, "eth1", {"10.9.0.2/24"})));
  CHECK(contains(addresses_of(guest, "eth1"), "10.9.0.2/24"));
  const Error error = refused(guest.update(interface(0, "net0", {})));
  CHECK(error.code == ErrorCode::kInvalidArgument);
  CHECK(contains(error.message, "is that of"));
}

TEST_CASE("IPv6 addresses are left out where IPv6 is off") {
  Guest guest;
  guest.run("echo 1 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6");
  const types::Interface reply =
      ok(guest.update(interface(0, "eth0", {"10.9.0.2/24", "2001:db8::2/64"})));
  REQUIRE(reply.ipaddresses_size() == 1);
  CHECK(reply.ipaddresses(0).address() == "10.9.0.2");
}

TEST_CASE("all interfaces are listed with what they have") {
  Guest guest(2);
  ok(guest.update(interface(0, "eth0", {"10.9.0.2/24"})));
  const auto reply =
      ok(guest.call<grpc::Interfaces>("ListInterfaces", grpc::ListInterfacesRequest()));
  std::map<std::string, types::Interface> listed;
  for (const types::Interface& each : reply.interfaces()) listed[each.name()] = each;
  CHECK(listed.size() == 5);
  CHECK(listed.at("lo").ipaddresses(0).address() == "127.0.0.1");
  CHECK(listed.at("eth1").ipaddresses_size() == 0);
  CHECK(listed.at("eth0").hwaddr() == "02:00:00:00:00:01");
  CHECK(listed.at("eth0").mtu() == 1500);
  CHECK(listed.at("eth0").ipaddresses(0).address() == "10.9.0.2");
  CHECK(listed.at("eth0").ipaddresses(0).mask() == "24");
}
