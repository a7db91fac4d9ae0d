// SPDX-License-Identifier: Apache-2.0
//
// Unicast routes of the main table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/network/ip_address.h"
#include "agent/network/netlink_socket.h"

namespace kata::agent {

struct Route {
  Prefix destination{};  // length 0: the default route of that family
  std::optional<IpAddress> gateway{}, source{};
  int link_index = 0;
  std::uint32_t metric = 0;
  std::uint32_t mtu = 0;      // bytes; 0: the link's
  std::uint8_t scope = 0;     // RT_SCOPE_*; the kernel ignores it for IPv6
  std::uint8_t protocol = 0;  // RTPROT_*
  bool onlink = false;        // the gateway is on the link although no route says so
};

// Of an RTM_NEWROUTE message. Nothing for a route of another table or kind, and for one of several
// next hops.
Result<std::optional<Route>> decode_route(std::string_view payload);

Result<std::vector<Route>> list_routes(NetlinkSocket& socket);

// Replaces a route of the same destination and metric.
Result<void> add_route(NetlinkSocket& socket, const Route& route);
Result<void> remove_route(NetlinkSocket& socket, const Route& route);

// The same way for the same packets, whoever set it.
bool is_same_route(const Route& one, const Route& other);

std::string describe(const Route& route);  // "'10.0.0.0/8' via '10.1.0.1'"

}  // namespace kata::agent
