// SPDX-License-Identifier: Apache-2.0
#include "pod.h"

#include <chrono>
#include <thread>

#include "kata/concat.h"
#include "tests/fakes/quiet_host.h"

namespace kata::tap::test {

void Pod::add_veth(const std::string& name, int number) const {
  const std::string peer = concat("p", number);
  run(concat("ip link add dev '", name, "' type veth peer name ", peer));
  for (const std::string& end : {name, peer})
    run(concat("ip link set dev '", end, "' addrgenmode none up"));
  // The kernel announces a carrier a moment after both ends are up.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!contains(run(concat("ip link show dev '", name, "'")), "state UP") ||
         !contains(run(concat("ip link show dev ", peer)), "state UP")) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

std::string Pod::dump() const {
  return run(
      "ip -d link; ip addr; ip route show table all; ip -6 route show table all; "
      "ip neigh show nud permanent; tc qdisc; for link in $(ls -1 /proc/sys/net/ipv4/conf); do "
      "ip link show dev \"$link\" >/dev/null 2>&1 && tc filter show dev \"$link\" ingress; done; "
      "true");
}

OneLink::OneLink() {
  pod.add_veth("eth0", 0);
  pod.run("ip addr add 10.9.0.2/24 dev eth0");
}

std::unique_ptr<TapNetwork> make_network(const TemporaryDirectory& state, const std::string& config,
                                         const std::string& saved_state) {
  static fakes::QuietHost host;
  auto made = TapNetwork::create({host, config, "test", state.path(), saved_state});
  REQUIRE_MESSAGE(made.ok(), made.error().message);
  return made.take();
}

NetworkPlan attach(TapNetwork& network, const Pod& pod, std::uint32_t queues) {
  auto plan = network.attach({pod.path(), queues});
  REQUIRE_MESSAGE(plan.ok(), plan.error().message);
  return plan.take();
}

Error refused(TapNetwork& network, const std::filesystem::path& netns) {
  auto plan = network.attach({netns, 1});
  REQUIRE(!plan.ok());
  return plan.error();
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace kata::tap::test
