// SPDX-License-Identifier: Apache-2.0
#include "pod.h"

using namespace kata;
using namespace kata::tap;
using namespace kata::tap::test;

namespace {

struct TwoLinks {
  Pod pod{};
  TemporaryDirectory state{};
  TwoLinks() {
    pod.add_veth("eth0", 0);
    pod.add_veth("eth1", 1);
    pod.run(
        "ip addr add 10.9.0.2/24 dev eth0; ip addr add 10.10.0.2/24 dev eth1;"
        "ip addr add fd00:9::2/64 dev eth0 nodad; ip link set dev eth0 mtu 1400;"
        "ip route add default via 10.9.0.1;"
        "ip neigh add 10.9.0.9 lladdr 02:00:00:00:00:09 dev eth0 nud permanent");
  }
};

}  // namespace

TEST_CASE("detach leaves the namespace as it was before attach") {
  const TwoLinks links;
  const std::string before = links.pod.dump();
  const auto network = make_network(links.state);
  {
    const NetworkPlan plan = attach(*network, links.pod);
    CHECK(links.pod.dump() != before);
    const auto detached = network->detach();  // while the VMM still has the taps open
    REQUIRE_MESSAGE(detached.ok(), detached.error().message);
  }
  CHECK(links.pod.dump() == before);
  CHECK(std::filesystem::is_empty(links.state.path()));
  CHECK(network->detach().ok());
}

TEST_CASE("detach works when the VMM and its taps are gone") {
  const TwoLinks links;
  const std::string before = links.pod.dump();
  const auto network = make_network(links.state);
  (void)attach(*network, links.pod);
  REQUIRE(network->detach().ok());
  CHECK(links.pod.dump() == before);
}

TEST_CASE("another instance detaches by the saved state") {
  const TwoLinks links;
  const std::string before = links.pod.dump();
  auto network = make_network(links.state);
  const NetworkPlan plan = attach(*network, links.pod);
  const std::string saved = network->save_state().value();
  network.reset();
  const TemporaryDirectory other;
  REQUIRE(make_network(other, "{}", saved)->detach().ok());
  CHECK(links.pod.dump() == before);
}

TEST_CASE("another instance detaches by the state directory alone") {
  const TwoLinks links;
  const std::string before = links.pod.dump();
  auto network = make_network(links.state);
  const NetworkPlan plan = attach(*network, links.pod);
  network.reset();
  REQUIRE(make_network(links.state)->detach().ok());
  // The last record is written before the last link is joined, so that it knows all.
  CHECK(links.pod.dump() == before);
}

TEST_CASE("detach of a namespace that is gone succeeds") {
  TwoLinks links;
  const auto network = make_network(links.state);
  (void)attach(*network, links.pod);
  links.pod.close();
  const auto detached = network->detach();
  CHECK_MESSAGE(detached.ok(), detached.error().message);
}

TEST_CASE("detach leaves a later owner of the same link index alone") {
  const TwoLinks links;
  const auto network = make_network(links.state);
  (void)attach(*network, links.pod);
  links.pod.run("ip link set dev eth0 address 02:00:00:00:00:77");
  REQUIRE(network->detach().ok());
  const std::string qdiscs = links.pod.run("tc qdisc");
  CHECK(contains(qdiscs, "ingress ffff: dev eth0"));
  CHECK(!contains(qdiscs, "ingress ffff: dev eth1"));
}

TEST_CASE("an attach that fails at the second link undoes the first") {
  const TwoLinks links;
  links.pod.run("ip tuntap add dev tap1_kata mode tap; ip link set dev tap1_kata addrgenmode none");
  const std::string before = links.pod.dump();
  const auto network = make_network(links.state);
  const Error error = refused(*network, links.pod.path());
  CHECK(error.code == ErrorCode::kAlreadyExists);
  CHECK(contains(error.message, "link 'eth1': create tap 'tap1_kata'"));
  CHECK(links.pod.dump() == before);
  CHECK(std::filesystem::is_empty(links.state.path()));
}

TEST_CASE("an attach can follow a failed one") {
  const TwoLinks links;
  links.pod.run("ip tuntap add dev tap1_kata mode tap");
  const auto network = make_network(links.state);
  (void)refused(*network, links.pod.path());
  links.pod.run("ip link del dev tap1_kata");
  CHECK(attach(*network, links.pod).devices.size() == 2);
}

TEST_CASE("a link with an ingress qdisc of somebody else is refused and nothing is touched") {
  const TwoLinks links;
  links.pod.run("tc qdisc add dev eth1 ingress");
  const std::string before = links.pod.dump();
  const auto network = make_network(links.state);
  CHECK(contains(refused(*network, links.pod.path()).message, "link 'eth1' has an ingress qdisc"));
  CHECK(links.pod.dump() == before);
}

TEST_CASE("a second sandbox in the same namespace is refused and the first keeps its network") {
  const TwoLinks links;
  const auto first = make_network(links.state);
  const NetworkPlan plan = attach(*first, links.pod);
  const std::string before = links.pod.dump();
  const TemporaryDirectory other;
  CHECK(refused(*make_network(other), links.pod.path()).code == ErrorCode::kAlreadyExists);
  CHECK(links.pod.dump() == before);
}
