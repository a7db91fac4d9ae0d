// SPDX-License-Identifier: Apache-2.0
//
// Kata's network messages, to values and back. Everything is checked before anything is changed; an
// error of a message that makes no sense is kInvalidArgument and names the field.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/network/addresses.h"
#include "agent/network/links.h"
#include "agent/network/neighbors.h"
#include "agent/network/routes.h"
#include "types.pb.h"

namespace kata::agent {

struct InterfaceRequest {
  // What to look for, in this order of preference. At least one is given.
  std::string pci_path{};
  std::optional<Mac> mac{};
  std::string name{};  // and the name that the link gets; empty: it keeps its own

  std::uint32_t mtu = 0;  // bytes; 0: as it is
  bool no_arp = false;
  std::vector<Prefix> addresses{};
};

Result<InterfaceRequest> interface_request(const types::Interface& message);

// kNotFound when `links` has no such device.
Result<Route> route_request(const types::Route& message, const std::vector<Link>& links);

Result<Neighbor> neighbor_request(const types::ARPNeighbor& message);

types::Interface interface_message(const Link& link, const std::vector<LinkAddress>& addresses);

// A default route is "0.0.0.0/0" or "::/0", which Kata's hosts and UpdateRoutes read.
types::Route route_message(const Route& route, const std::vector<Link>& links);

}  // namespace kata::agent
