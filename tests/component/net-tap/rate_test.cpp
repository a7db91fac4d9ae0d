// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "frames.h"

using namespace kata;
using namespace kata::tap;
using namespace kata::tap::test;

namespace {

const std::string kLimits =
    R"({"rx_rate_limiter_max_rate":20000000,"tx_rate_limiter_max_rate":10000000})";

}  // namespace

TEST_CASE("what the guest receives is limited at the tap, what it sends at the link") {
  const OneLink one;
  const auto network = make_network(one.state, kLimits);
  const NetworkPlan plan = attach(*network, one.pod);
  CHECK(contains(one.pod.run("tc qdisc show dev tap0_kata root"), "tbf 1: root"));
  CHECK(contains(one.pod.run("tc qdisc show dev tap0_kata root"), "rate 20Mbit"));
  CHECK(contains(one.pod.run("tc qdisc show dev eth0 root"), "rate 10Mbit"));
}

TEST_CASE("a guest that sends too much loses what does not fit") {
  const OneLink one;
  const auto network = make_network(one.state, R"({"tx_rate_limiter_max_rate":80000})");
  const NetworkPlan plan = attach(*network, one.pod);
  std::string text(kVnetHeader, '\0');
  text += frame("a lot") + std::string(1200, '.');
  for (int count = 0; count < 400; ++count)  // 560 kB, 56 s of 80 kbit/s
    REQUIRE(::write(plan.devices.at(0).queues.at(0).get(), text.data(), text.size()) > 0);
  const std::string statistics = one.pod.run("tc -s qdisc show dev eth0 root");
  CHECK(!contains(statistics, "dropped 0,"));
}

TEST_CASE("detach takes the limits away") {
  const OneLink one;
  const std::string before = one.pod.dump();
  const auto network = make_network(one.state, kLimits);
  {
    const NetworkPlan plan = attach(*network, one.pod);
    REQUIRE(network->detach().ok());
  }
  CHECK(one.pod.dump() == before);
}

TEST_CASE("a link with a root qdisc of somebody else is refused and nothing is touched") {
  const OneLink one;
  one.pod.run("tc qdisc add dev eth0 root handle 7: tbf rate 1mbit burst 10k latency 50ms");
  const std::string before = one.pod.dump();
  const Error error = refused(*make_network(one.state, kLimits), one.pod.path());
  CHECK(contains(error.message, "link 'eth0' has a root qdisc"));
  CHECK(one.pod.dump() == before);
}
