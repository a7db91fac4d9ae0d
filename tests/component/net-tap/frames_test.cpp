// SPDX-License-Identifier: Apache-2.0
//
// Frames that a VMM would send and receive, by the tap's descriptor on one side and a raw socket at
// the veth's far end on the other.
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>

#include "pod.h"

using namespace kata;
using namespace kata::tap;
using namespace kata::tap::test;

namespace {

constexpr std::size_t kVnetHeader = 10;  // struct virtio_net_hdr
constexpr std::uint16_t kExperimental = 0x88b5;

UniqueFd raw_socket(const Pod& pod, const char* link) {
  UniqueFd socket;
  pod.inside([&] {
    socket.reset(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(kExperimental)));
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(kExperimental);
    address.sll_ifindex = static_cast<int>(::if_nametoindex(link));
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      socket.reset();
  });
  REQUIRE(static_cast<bool>(socket));
  return socket;
}

std::string frame(std::string_view text) {
  std::string out(12, '\x02');
  out += "\x88\xb5";
  out += text;
  out.resize(200, '.');
  return out;
}

// The first frame of our own protocol, without `skip` bytes in front.
std::string receive(const UniqueFd& fd, std::size_t skip) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  std::array<char, 2048> buffer;
  while (std::chrono::steady_clock::now() < deadline) {
    pollfd item{fd.get(), POLLIN, 0};
    if (::poll(&item, 1, 100) < 1) continue;
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got < static_cast<ssize_t>(skip + 14)) continue;
    std::string out(buffer.data() + skip, static_cast<std::size_t>(got) - skip);
    if (out.substr(12, 2) == "\x88\xb5") return out;
  }
  return {};
}

}  // namespace

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
