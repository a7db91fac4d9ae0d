// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include "kata/concat.h"
#include "pod.h"

using namespace kata;
using namespace kata::tap;
using namespace kata::tap::test;

namespace {

ino_t own_namespace() {
  struct stat status {};
  REQUIRE(::stat("/proc/thread-self/ns/net", &status) == 0);
  return status.st_ino;
}

}  // namespace

TEST_CASE("check_host passes on a host that can mirror") {
  const TemporaryDirectory state;
  const auto checked = make_network(state)->check_host();
  CHECK_MESSAGE(checked.ok(), checked.error().message);
}

TEST_CASE("a link gets a tap with its MTU that is up and mirrors both ways") {
  const OneLink one;
  one.pod.run("ip link set dev eth0 mtu 1400");
  const auto network = make_network(one.state);
  const NetworkPlan plan = attach(*network, one.pod);
  REQUIRE(plan.devices.size() == 1);
  CHECK(plan.devices[0].id == "net0");
  CHECK(plan.devices[0].interface_name == "tap0_kata");
  CHECK(plan.devices[0].queues.size() == 1);
  const std::string tap = one.pod.run("ip -d link show dev tap0_kata");
  CHECK(contains(tap, "mtu 1400"));
  CHECK(contains(tap, ",UP"));
  CHECK(contains(tap, "vnet_hdr on"));
  CHECK(contains(one.pod.run("tc filter show dev eth0 ingress"),
                 "Redirect to device tap0_kata) stolen"));
  CHECK(contains(one.pod.run("tc filter show dev tap0_kata ingress"),
                 "Redirect to device eth0) stolen"));
}

TEST_CASE("a tap has as many queues as asked for") {
  const OneLink one;
  const auto network = make_network(one.state);
  const NetworkPlan plan = attach(*network, one.pod, 4);
  REQUIRE(plan.devices.size() == 1);
  CHECK(plan.devices[0].queues.size() == 4);
  CHECK(contains(one.pod.run("ip -d link show dev tap0_kata"), "multi_queue numqueues 4"));
}

TEST_CASE("four links get four taps") {
  const Pod pod;
  const TemporaryDirectory state;
  for (int number = 0; number < 4; ++number) {
    pod.add_veth(concat("eth", number), number);
    pod.run(concat("ip addr add 10.9.", number, ".2/24 dev eth", number));
  }
  const auto network = make_network(state);
  const NetworkPlan plan = attach(*network, pod);
  REQUIRE(plan.devices.size() == 4);
  CHECK(plan.devices[3].id == "net3");
  CHECK(plan.guest.interfaces[3].name == "eth3");
}

TEST_CASE("a macvlan and a tap of somebody else are served and left as they were") {
  const Pod pod;
  const TemporaryDirectory state;
  pod.add_veth("lower", 0);
  pod.run(
      "ip link add link lower name net1 type macvlan mode bridge; ip tuntap add dev net2 mode tap;"
      "for link in net1 net2; do ip link set dev $link addrgenmode none; done;"
      "ip addr add 10.9.1.2/24 dev net1; ip addr add 10.9.2.2/24 dev net2");
  const std::string before = pod.dump();
  const auto network = make_network(state);
  const NetworkPlan plan = attach(*network, pod);
  REQUIRE(plan.guest.interfaces.size() == 2);
  CHECK(plan.guest.interfaces[0].name == "net1");
  CHECK(plan.guest.interfaces[1].name == "net2");
  REQUIRE(network->detach().ok());
  CHECK(pod.dump() == before);
}

TEST_CASE("the calling thread keeps its network namespace") {
  const OneLink one;
  const ino_t before = own_namespace();
  const auto network = make_network(one.state);
  (void)attach(*network, one.pod);
  CHECK(own_namespace() == before);
  REQUIRE(network->detach().ok());
  CHECK(own_namespace() == before);
}

TEST_CASE("model none makes a tap and joins nothing") {
  const OneLink one;
  const auto network = make_network(one.state, R"({"internetworking_model":"none"})");
  CHECK(attach(*network, one.pod).devices.size() == 1);
  CHECK(!contains(one.pod.run("tc qdisc"), "ingress"));
}

TEST_CASE("a namespace without addresses gives the guest nothing and is no error") {
  const Pod pod;
  const TemporaryDirectory state;
  pod.add_veth("eth0", 0);
  const auto network = make_network(state);
  CHECK(attach(*network, pod).devices.empty());
  CHECK(network->detach().ok());
}

TEST_CASE("a symbolic link to a network namespace is served") {
  const OneLink one;
  std::filesystem::create_symlink(one.pod.path(), one.state.path() / "netns");
  const auto network = make_network(one.state);
  const auto plan = network->attach({one.state.path() / "netns", 1});
  REQUIRE_MESSAGE(plan.ok(), plan.error().message);
  CHECK(plan.value().devices.size() == 1);
}
