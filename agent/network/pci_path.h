// SPDX-License-Identifier: Apache-2.0
//
// Kata's PCI paths: the slots from the root bus to a device, "02/01" or with functions "02.0/01.3",
// because the host does not know which bus numbers the guest gives.
#pragma once

#include <string>
#include <string_view>

#include "kata/result.h"

namespace kata::agent {

// The device's directory below `devices`. kNotFound: it is not there, or not yet.
// kInvalidArgument: not a PCI path. The first of three elements or more may be a root bus, from 20.
Result<std::string> pci_directory(std::string_view path,
                                  const std::string& devices = "/sys/devices");

// The name of the network device that a driver made for the PCI device in `directory`; kNotFound
// while there is none.
Result<std::string> network_device_name(const std::string& directory);

}  // namespace kata::agent
