// SPDX-License-Identifier: Apache-2.0
//
// The IP addresses of links.
#pragma once

#include <string_view>
#include <vector>

#include "agent/network/ip_address.h"
#include "agent/network/netlink_socket.h"

namespace kata::agent {

struct LinkAddress {
  int link_index = 0;
  Prefix prefix{};
};

// Of an RTM_NEWADDR message. Nothing for one that is not of IP.
Result<std::optional<LinkAddress>> decode_address(std::string_view payload);

Result<std::vector<LinkAddress>> list_addresses(NetlinkSocket& socket);

// What makes the addresses of a link be `wanted`, each once. An IPv6 link-local address is the
// kernel's own and stays.
std::vector<Prefix> addresses_to_remove(const std::vector<Prefix>& present,
                                        const std::vector<Prefix>& wanted);
std::vector<Prefix> addresses_to_add(const std::vector<Prefix>& present,
                                     const std::vector<Prefix>& wanted);

// Makes the addresses of a link, which is up, exactly `wanted`. IPv6 addresses are usable at once:
// the pod's engine has claimed them already, and a second claim would delay the workload.
Result<void> set_addresses(NetlinkSocket& socket, int link_index,
                           const std::vector<Prefix>& wanted);

}  // namespace kata::agent
