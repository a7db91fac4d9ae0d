// SPDX-License-Identifier: Apache-2.0
//
// A namespace that changes after attach.
#include <poll.h>

#include <algorithm>

#include "kata/concat.h"
#include "pod.h"

using namespace kata;
using namespace kata::tap;
using namespace kata::tap::test;

namespace {

bool readable(TapNetwork& network, int milliseconds) {
  const auto watch = network.watch();
  REQUIRE_MESSAGE(watch.ok(), watch.error().message);
  pollfd item{watch.value(), POLLIN, 0};
  return ::poll(&item, 1, milliseconds) == 1;
}

NetworkChange rescan(TapNetwork& network) {
  auto change = network.rescan();
  REQUIRE_MESSAGE(change.ok(), change.error().message);
  return change.take();
}

struct Late {
  Pod pod{};
  TemporaryDirectory state{};
  std::unique_ptr<TapNetwork> network = make_network(state);

  void add_link(const std::string& name, int number) const {
    pod.add_veth(name, number);
    pod.run(concat("ip addr add 10.", number, ".0.2/24 dev ", name));
  }
};

// One link at attach; what attach itself did is read away.
struct Watched : Late {
  NetworkPlan plan{};
  Watched() {
    add_link("eth0", 0);
    plan = attach(*network, pod);
    CHECK(rescan(*network).empty());
  }
};

}  // namespace

TEST_CASE("nothing is watched before attach and after detach") {
  const Late late;
  CHECK(late.network->watch().error().code == ErrorCode::kFailedPrecondition);
  CHECK(late.network->rescan().error().code == ErrorCode::kFailedPrecondition);
  (void)attach(*late.network, late.pod);
  CHECK(late.network->watch().ok());
  REQUIRE(late.network->detach().ok());
  CHECK(late.network->watch().error().code == ErrorCode::kFailedPrecondition);
}

TEST_CASE("a namespace at rest wakes nobody") {
  const Watched it;
  CHECK(rescan(*it.network).empty());
  CHECK(!readable(*it.network, 100));
}

TEST_CASE("a link that appears is joined") {
  const Late late;
  CHECK(attach(*late.network, late.pod).devices.empty());
  (void)rescan(*late.network);
  late.add_link("eth0", 0);
  late.pod.run("ip route add default via 10.0.0.1 metric 70");
  CHECK(readable(*late.network, 5000));
  const NetworkChange change = rescan(*late.network);
  CHECK(change.removed.empty());
  REQUIRE(change.added.size() == 1);
  CHECK(change.added[0].id == "net0");
  CHECK(change.added[0].queues.size() == 1);
  REQUIRE(change.interfaces.size() == 1);
  CHECK(change.interfaces[0].device_id == "net0");
  CHECK(change.interfaces[0].addresses == std::vector<std::string>{"10.0.0.2/24"});
  REQUIRE(change.routes.has_value());
  CHECK(change.routes->at(0).metric == 70);
  CHECK(contains(late.pod.run("tc filter show dev eth0 ingress"), "tap0_kata"));
  CHECK(rescan(*late.network).empty());
}

TEST_CASE("a link without address is joined when it gets one") {
  const Watched it;
  it.pod.add_veth("eth1", 1);
  CHECK(rescan(*it.network).empty());
  it.pod.run("ip addr add 10.1.0.2/24 dev eth1");
  CHECK(readable(*it.network, 5000));
  const NetworkChange change = rescan(*it.network);
  REQUIRE(change.added.size() == 1);
  CHECK(change.added[0].id == "net1");
}

TEST_CASE("a link that goes is removed, and its name is not used again") {
  const Watched it;
  it.pod.run("ip link del dev eth0");
  CHECK(readable(*it.network, 5000));
  const NetworkChange gone = rescan(*it.network);
  CHECK(gone.removed == std::vector<std::string>{"net0"});
  CHECK(gone.added.empty());
  it.add_link("eth0", 0);
  const NetworkChange back = rescan(*it.network);
  REQUIRE(back.added.size() == 1);
  CHECK(back.added[0].id == "net1");
  CHECK(back.interfaces.at(0).name == "eth0");
}

TEST_CASE("a link that was replaced between two looks is removed and added") {
  const Watched it;
  it.pod.run("ip link del dev eth0");
  it.add_link("eth0", 0);
  const NetworkChange change = rescan(*it.network);
  CHECK(change.removed == std::vector<std::string>{"net0"});
  REQUIRE(change.added.size() == 1);
  CHECK(change.added[0].id == "net1");
}

TEST_CASE("a link that goes down and up again stays") {
  const Watched it;
  for (int turn = 0; turn < 50; ++turn)
    it.pod.run("ip link set dev eth0 down; ip link set dev eth0 up");
  CHECK(readable(*it.network, 5000));
  const NetworkChange change = rescan(*it.network);
  CHECK(change.removed.empty());
  CHECK(change.added.empty());
  CHECK(contains(it.pod.run("tc filter show dev eth0 ingress"), "tap0_kata"));
}

TEST_CASE("addresses and MTU and name of a known link change the guest's interface") {
  const Watched it;
  it.pod.run(
      "ip addr add 10.0.0.3/24 dev eth0; ip link set dev eth0 down;"
      "ip link set dev eth0 name net1 mtu 1300; ip link set dev net1 up");
  const NetworkChange change = rescan(*it.network);
  CHECK(change.added.empty());
  REQUIRE(change.interfaces.size() == 1);
  CHECK(change.interfaces[0].device_id == "net0");
  CHECK(change.interfaces[0].name == "net1");
  CHECK(change.interfaces[0].mtu == 1300);
  CHECK(change.interfaces[0].addresses.size() == 2);
  CHECK(contains(it.pod.run("ip link show dev tap0_kata"), "mtu 1300"));
}

TEST_CASE("a route alone changes the routes") {
  const Watched it;
  it.pod.run(
      "ip route add 10.7.0.0/16 via 10.0.0.1 mtu 1200; ip route add default via 192.0.2.1 dev eth0 "
      "onlink");
  CHECK(readable(*it.network, 5000));
  const NetworkChange change = rescan(*it.network);
  CHECK(change.interfaces.empty());
  CHECK(!change.neighbors);
  REQUIRE(change.routes.has_value());
  REQUIRE(change.routes->size() == 2);
  const auto by_default = std::ranges::find(*change.routes, "", &GuestRoute::destination);
  const auto other = std::ranges::find(*change.routes, "10.7.0.0/16", &GuestRoute::destination);
  REQUIRE((by_default != change.routes->end() && other != change.routes->end()));
  CHECK(by_default->onlink);
  CHECK(!other->onlink);
  CHECK(other->mtu == 1200);
}

TEST_CASE("a late link that cannot be joined is left out and the others are not") {
  const Watched it;
  it.pod.run("ip link add dev odd type bridge; ip addr add 10.8.0.1/24 dev odd");
  it.add_link("eth1", 1);
  const NetworkChange change = rescan(*it.network);
  REQUIRE(change.added.size() == 1);
  CHECK(change.interfaces.at(0).name == "eth1");
  CHECK(rescan(*it.network).empty());
}

TEST_CASE("a late link whose tap cannot be made leaves no trace") {
  const Watched it;
  it.pod.run("ip tuntap add dev tap1_kata mode tap");
  it.add_link("eth1", 1);
  CHECK(rescan(*it.network).added.empty());
  CHECK(!contains(it.pod.run("tc qdisc"), "ingress ffff: dev eth1"));
  it.pod.run("ip link del dev tap1_kata");
  CHECK(rescan(*it.network).added.size() == 1);
}

TEST_CASE("a released device leaves its link as it was and is offered again") {
  const Watched it;
  const std::string before = it.pod.dump();
  it.add_link("eth1", 1);
  const std::string with_link = it.pod.dump();
  {
    const NetworkChange change = rescan(*it.network);
    REQUIRE(change.added.size() == 1);
    REQUIRE(it.network->release("net1").ok());
    CHECK(it.network->release("net1").ok());
  }
  CHECK(it.pod.dump() == with_link);
  const NetworkChange again = rescan(*it.network);
  REQUIRE(again.added.size() == 1);
  CHECK(again.added[0].id == "net2");
}

TEST_CASE("a tap that somebody deleted is replaced") {
  const Watched it;
  it.pod.run("ip link del dev tap0_kata");
  CHECK(readable(*it.network, 5000));
  const NetworkChange change = rescan(*it.network);
  CHECK(change.removed == std::vector<std::string>{"net0"});
  REQUIRE(change.added.size() == 1);
  CHECK(change.added[0].id == "net1");
  CHECK(contains(it.pod.run("tc filter show dev eth0 ingress"), "tap1_kata"));
}

TEST_CASE("a namespace that is deleted while it is watched removes all") {
  Watched it;
  it.pod.close();
  const NetworkChange change = rescan(*it.network);
  CHECK(change.removed == std::vector<std::string>{"net0"});
  CHECK(change.added.empty());
  CHECK(it.network->detach().ok());
  CHECK(std::filesystem::is_empty(it.state.path()));
}

TEST_CASE("detach undoes what came late") {
  const Watched it;
  it.add_link("eth1", 1);
  const NetworkChange change = rescan(*it.network);
  REQUIRE(change.added.size() == 1);
  REQUIRE(make_network(it.state)->detach().ok());  // by the record in the state directory
  CHECK(!contains(it.pod.run("tc qdisc"), "ingress"));
  CHECK(!contains(it.pod.run("ip link"), "_kata"));
}

TEST_CASE("a flood of changes is survived") {
  const Watched it;
  it.pod.run(
      "for i in $(seq 1 5000); do echo route add 10.90.0.0/16 via 10.0.0.1;"
      "echo route del 10.90.0.0/16; done | ip -b -");
  while (readable(*it.network, 0)) CHECK(rescan(*it.network).removed.empty());
  CHECK(rescan(*it.network).empty());
}

TEST_CASE("a link by macvtap that appears and goes") {
  Late late;
  late.network = make_network(late.state, R"({"internetworking_model":"macvtap"})");
  CHECK(attach(*late.network, late.pod).devices.empty());
  late.add_link("eth0", 0);
  CHECK(rescan(*late.network).added.size() == 1);
  late.pod.run("ip link del dev eth0");
  CHECK(rescan(*late.network).removed.size() == 1);
  CHECK(!contains(late.pod.run("ip link"), "_kata"));
}
