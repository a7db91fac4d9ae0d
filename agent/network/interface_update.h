// SPDX-License-Identifier: Apache-2.0
//
// Making a NIC of the guest what a link of the pod is.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "agent/network/links.h"
#include "agent/network/requests.h"

namespace kata::agent {

// By hardware address, else by name; `pci_name` instead of both, when a PCI path was given, names
// the device found there. The loopback is never meant. kNotFound: not there, or not yet.
Result<Link> choose_link(const std::vector<Link>& links, const InterfaceRequest& request,
                         const std::string& pci_name);

// The same over the links of this namespace.
Result<Link> find_link(NetlinkSocket& socket, const InterfaceRequest& request);

// Sets what differs, so that a second call changes nothing. A link that has the wanted name gets
// the other's. IPv6 addresses are left out, with a warning, where IPv6 is off.
Result<void> configure_link(NetlinkSocket& socket, const Link& link,
                            const InterfaceRequest& request);

// The link as it is now, with its addresses.
Result<types::Interface> describe_link(NetlinkSocket& socket, int index);

}  // namespace kata::agent
