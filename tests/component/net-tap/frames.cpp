// SPDX-License-Identifier: Apache-2.0
#include "frames.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>

namespace kata::tap::test {

namespace {

constexpr std::uint16_t kExperimental = 0x88b5;

}  // namespace

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

std::string frame(std::string_view text, std::string_view to) {
  std::string out(to);
  out.append(6, '\x02');
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

}  // namespace kata::tap::test
