// SPDX-License-Identifier: Apache-2.0
#include "frames.h"

#include <unistd.h>

using namespace kata;
using namespace kata::tap;
using namespace kata::tap::test;

TEST_CASE("frames of the guest leave by the link and frames at the link reach the guest") {
  const OneLink one;
  const auto network = make_network(one.state);
  const NetworkPlan plan = attach(*network, one.pod);
  const UniqueFd peer = raw_socket(one.pod, "p0");
  const UniqueFd& tap = plan.devices.at(0).queues.at(0);

  const std::string out = std::string(kVnetHeader, '\0') + frame("from the guest");
  REQUIRE(::write(tap.get(), out.data(), out.size()) == static_cast<ssize_t>(out.size()));
  CHECK(receive(peer, 0) == frame("from the guest"));

  const std::string in = frame("to the guest");
  REQUIRE(::write(peer.get(), in.data(), in.size()) == static_cast<ssize_t>(in.size()));
  CHECK(receive(tap, kVnetHeader) == in);
}
