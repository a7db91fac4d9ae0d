// SPDX-License-Identifier: Apache-2.0
//
// Entries of the neighbour tables (ARP and ND) that the host sets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/network/ip_address.h"
#include "agent/network/netlink_socket.h"

namespace kata::agent {

struct Neighbor {
  IpAddress address{};
  std::optional<Mac> mac{};  // nothing for a proxy entry
  std::string link_name{};
  std::uint16_t state = 0;  // NUD_*
  std::uint8_t flags = 0;   // NTF_*
};

// Adds the entry, or replaces the one of that address.
Result<void> set_neighbor(NetlinkSocket& socket, int link_index, const Neighbor& neighbor);

}  // namespace kata::agent
