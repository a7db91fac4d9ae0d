// SPDX-License-Identifier: Apache-2.0
//
// The time in which plugins/net-tap reads a pod's namespace and joins its link to a tap, against
// the `ip` and `tc` commands that do the same. Interleaved, in namespaces of their own; prints one
// JSON object.
//
//   tap_setup ROUNDS LIMIT      exit 1 when the ratio of medians is above LIMIT
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "kata/concat.h"
#include "tap_network.h"
#include "tests/fakes/quiet_host.h"

namespace {

using namespace kata;

constexpr const char* kPodCommands =
    "ip link add dev eth0 type veth peer name peer && ip link set dev peer up && "
    "ip link set dev eth0 up && ip addr add 10.9.0.2/24 dev eth0 && "
    "ip route add default via 10.9.0.1";
constexpr const char* kPeerCommands =
    "ip -j addr >/dev/null && ip -j route show table all >/dev/null && ip -j neigh >/dev/null && "
    "ip tuntap add dev tap0 mode tap && ip link set dev tap0 mtu 1500 up && "
    "tc qdisc add dev eth0 ingress && tc qdisc add dev tap0 ingress && "
    "tc filter add dev eth0 parent ffff: protocol all u32 match u8 0 0 "
    "action mirred egress redirect dev tap0 && "
    "tc filter add dev tap0 parent ffff: protocol all u32 match u8 0 0 "
    "action mirred egress redirect dev eth0";

double milliseconds_of(const auto& action) {
  const auto start = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "tap_setup: %s\n", what.c_str());
  std::exit(2);
}

// A new namespace with one veth that has an address and a default route.
UniqueFd make_pod() {
  UniqueFd pod;
  std::thread([&pod] {
    if (::unshare(CLONE_NEWNET) != 0) fail("unshare: needs root");
    if (::system(kPodCommands) != 0) fail("cannot make the pod's link");
    pod.reset(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  }).join();
  if (!pod) fail("cannot open the pod's namespace");
  return pod;
}

double time_plugin(const std::filesystem::path& state_dir) {
  static fakes::QuietHost host;
  const UniqueFd pod = make_pod();
  auto network = tap::TapNetwork::create({host, "{}", "bench", state_dir, ""});
  if (!network.ok()) fail(network.error().message);
  Result<NetworkPlan> plan = NetworkPlan{};
  const double took = milliseconds_of([&] {
    plan = network.value()->attach({concat("/proc/", ::getpid(), "/fd/", pod.get()), 1});
  });
  if (!plan.ok()) fail(plan.error().message);
  if (plan.value().devices.size() != 1) fail("the plugin found no link");
  if (auto detached = network.value()->detach(); !detached.ok()) fail(detached.error().message);
  return took;
}

double time_commands() {
  const UniqueFd pod = make_pod();
  double took = 0;
  std::thread([&] {
    if (::setns(pod.get(), CLONE_NEWNET) != 0) fail("setns");
    took = milliseconds_of([] {
      if (::system(kPeerCommands) != 0) fail("the ip and tc commands failed");
    });
  }).join();
  return took;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 20;
  const double limit = argc > 2 ? std::atof(argv[2]) : 0.2;
  char state_dir[] = "/tmp/kata-bench.XXXXXX";
  if (::mkdtemp(state_dir) == nullptr) return 2;
  std::vector<double> ours, commands;
  for (int round = 0; round < rounds; ++round) {
    commands.push_back(time_commands());
    ours.push_back(time_plugin(state_dir));
  }
  std::filesystem::remove_all(state_dir);
  const double ratio = median(ours) / median(commands);
  std::printf(
      "{\"bench\":\"tap_setup\",\"rounds\":%d,\"ip_and_tc_ms\":%.2f,\"ours_ms\":%.2f,"
      "\"ratio_of_medians\":%.3f,\"limit\":%.2f}\n",
      rounds, median(commands), median(ours), ratio, limit);
  return ratio <= limit ? 0 : 1;
}
