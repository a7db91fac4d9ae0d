// SPDX-License-Identifier: Apache-2.0
//
// Environment variables of device plugins (PCIDEVICE_…) hold PCI addresses of the host; a program
// in the guest needs the guest's.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace grpc {
class Process;
}

namespace kata::agent {

using PciAddresses = std::map<std::string, std::string>;  // host's to guest's, "0000:3b:00.0"

// "0000:3b:00.0", hexadecimal digits in lower case.
bool is_pci_address(std::string_view text) noexcept;

// In the values of PCIDEVICE_* variables, JSON or a list; addresses that are not in the map stay.
void translate_pci_addresses(grpc::Process& process, const PciAddresses& addresses);

}  // namespace kata::agent
