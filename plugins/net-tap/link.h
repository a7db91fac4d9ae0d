// SPDX-License-Identifier: Apache-2.0
//
// The links of the calling thread's namespace as values, and which of them a guest can have.
#pragma once

#include <netlink/netlink.h>

#include <cstdint>
#include <string>
#include <vector>

#include "kata/result.h"

namespace kata::tap {

struct Link {
  int index = 0;
  std::string name{};
  std::string kind{};      // rtnetlink's: "veth"; empty for a device of a driver
  std::string bus_info{};  // ethtool's: "0000:00:03.0" for a PCI device
  std::string mac{};
  std::uint32_t mtu = 0;   // bytes
  std::uint32_t type = 0;  // ARPHRD_*
  bool loopback = false;
  bool no_arp = false;
  std::vector<std::string>
      addresses{};  // "10.0.0.2/24"; no link-local IPv6: the guest makes its own
};

Result<std::vector<Link>> scan_links(nl_sock& socket);

// An error says why a guest cannot have the link, by name, and what to do.
Result<void> check_link(const Link& link);

}  // namespace kata::tap
