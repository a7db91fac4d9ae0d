// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "frames.h"
#include "kata/concat.h"

using namespace kata;
using namespace kata::tap;
using namespace kata::tap::test;

namespace {

const std::string kMacvtap = R"({"internetworking_model":"macvtap"})";

struct Macvtap : OneLink {
  Macvtap() {
    pod.run(
        "ip link set dev eth0 address 02:aa:aa:aa:aa:01 mtu 1400;"
        "ip addr add fd00:9::2/64 dev eth0 nodad; ip route add default via 10.9.0.1;"
        "ip neigh add 10.9.0.9 lladdr 02:00:00:00:00:09 dev eth0 nud permanent");
  }
  std::unique_ptr<TapNetwork> network = make_network(state, kMacvtap);
};

}  // namespace

TEST_CASE("check_host passes on a host with macvtap") {
  const TemporaryDirectory state;
  const auto checked = make_network(state, kMacvtap)->check_host();
  CHECK_MESSAGE(checked.ok(), checked.error().message);
}

TEST_CASE("a macvtap has the MAC and MTU of its link and leaves the link alone") {
  const Macvtap it;
  const std::string addresses = it.pod.run("ip addr show dev eth0 | grep inet");
  const std::string routes = it.pod.run("ip route");
  const NetworkPlan plan = attach(*it.network, it.pod);
  const std::string tap = it.pod.run("ip -d link show dev tap0_kata");
  CHECK(contains(tap, "macvtap mode passthru"));
  CHECK(contains(tap, "02:aa:aa:aa:aa:01"));
  CHECK(contains(tap, "mtu 1400"));
  CHECK(contains(tap, "addrgenmode none"));
  CHECK(it.pod.run("ip addr show dev eth0 | grep inet") == addresses);
  CHECK(it.pod.run("ip route") == routes);
  CHECK(plan.devices.at(0).mac == "02:aa:aa:aa:aa:01");
  CHECK(plan.guest.interfaces.at(0).addresses.size() == 2);
  CHECK(!contains(it.pod.run("tc qdisc"), "ingress"));
}

TEST_CASE("frames pass a macvtap both ways") {
  const Macvtap it;
  const NetworkPlan plan = attach(*it.network, it.pod, 1);
  const UniqueFd peer = raw_socket(it.pod, "p0");
  const UniqueFd& tap = plan.devices.at(0).queues.at(0);
  const std::string out = std::string(kVnetHeader, '\0') + frame("from the guest");
  REQUIRE(::write(tap.get(), out.data(), out.size()) == static_cast<ssize_t>(out.size()));
  CHECK(receive(peer, 0) == frame("from the guest"));
  const std::string in = frame("to the guest", "\x02\xaa\xaa\xaa\xaa\x01");
  REQUIRE(::write(peer.get(), in.data(), in.size()) == static_cast<ssize_t>(in.size()));
  CHECK(receive(tap, kVnetHeader) == in);
}

TEST_CASE("a macvtap has as many queues as asked for") {
  const Macvtap it;
  CHECK(attach(*it.network, it.pod, 4).devices.at(0).queues.size() == 4);
}

TEST_CASE("detach takes the macvtap away and leaves all else as it was") {
  const Macvtap it;
  const std::string before = it.pod.dump();
  {
    const NetworkPlan plan = attach(*it.network, it.pod);
    CHECK(it.pod.dump() != before);
    const auto detached = it.network->detach();
    REQUIRE_MESSAGE(detached.ok(), detached.error().message);
  }
  CHECK(it.pod.dump() == before);
  CHECK(std::filesystem::is_empty(it.state.path()));
}

TEST_CASE("a macvtap outlives its instance and is found by the state directory alone") {
  Macvtap it;
  const std::string before = it.pod.dump();
  (void)attach(*it.network, it.pod);
  it.network.reset();
  CHECK(it.pod.dump() != before);
  REQUIRE(make_network(it.state)->detach().ok());
  CHECK(it.pod.dump() == before);
}

TEST_CASE("a macvtap that fails at the second link is undone at the first") {
  const Macvtap it;
  it.pod.add_veth("eth1", 1);
  it.pod.run(
      "ip addr add 10.10.0.2/24 dev eth1; ip link add link eth1 name other type macvlan mode "
      "bridge;"
      "ip link set dev other addrgenmode none");
  const std::string before = it.pod.dump();
  const Error error = refused(*it.network, it.pod.path());
  CHECK(contains(error.message, "link 'eth1'"));
  CHECK(contains(error.message, "internetworking_model = \"tcfilter\""));
  CHECK(it.pod.dump() == before);
  CHECK(std::filesystem::is_empty(it.state.path()));
}

TEST_CASE("a second sandbox cannot have the same namespace by macvtap") {
  const Macvtap it;
  const NetworkPlan plan = attach(*it.network, it.pod);
  const std::string before = it.pod.run("ip addr | grep -v mtu; ip route; ip link | grep -c _kata");
  const TemporaryDirectory other;
  (void)refused(*make_network(other, kMacvtap), it.pod.path());
  CHECK(it.pod.run("ip addr | grep -v mtu; ip route; ip link | grep -c _kata") == before);
}

TEST_CASE("a macvlan cannot carry a macvtap") {
  const Macvtap it;
  it.pod.run(
      "ip link add link eth0 name net1 type macvlan mode bridge; ip addr add 10.9.1.2/24 dev net1");
  const Error error = refused(*it.network, it.pod.path());
  CHECK(error.code == ErrorCode::kUnsupported);
  CHECK(contains(error.message, "link 'net1' is of kind 'macvlan'"));
}
