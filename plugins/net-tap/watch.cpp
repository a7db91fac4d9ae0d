// SPDX-License-Identifier: Apache-2.0
#include "watch.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace kata::tap {

namespace {

constexpr int kGroups[] = {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
                           RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE};
constexpr int kMessagesAtOnce = 4096;

}  // namespace

Result<UniqueFd> open_watch() {
  UniqueFd watch(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  if (!watch) return errno_error("watch network namespace", errno);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  if (::bind(watch.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return errno_error("watch network namespace", errno);
  for (const int group : kGroups)
    if (::setsockopt(watch.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0)
      return errno_error("watch network namespace", errno);
  return watch;
}

void drain_watch(const UniqueFd& watch) {
  std::array<char, 1> first;  // the rest of a message is thrown away
  for (int count = 0; count < kMessagesAtOnce; ++count)
    // ENOBUFS says that messages were lost: the scan finds what they said.
    if (::recv(watch.get(), first.data(), first.size(), MSG_TRUNC) < 0 && errno != ENOBUFS &&
        errno != EINTR)
      return;
}

}  // namespace kata::tap
