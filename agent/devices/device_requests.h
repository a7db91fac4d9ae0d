// SPDX-License-Identifier: Apache-2.0
//
// CreateContainer's `devices`: what the host plugged for this container, and where the container
// expects it.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <string_view>
#include <vector>

#include "agent.pb.h"
#include "agent/devices/device_wait.h"
#include "agent/devices/pci_addresses.h"
#include "kata/result.h"

namespace kata::agent {

// The types there are, sorted.
const std::vector<std::string_view>& device_types();

// Waits for each device of the request and puts it into its specification. What the host calls the
// PCI devices, and what the guest does. An error names the device by its type and address.
boost::asio::awaitable<Result<PciAddresses>> prepare_devices(DeviceWait& wait,
                                                             grpc::CreateContainerRequest& request);

}  // namespace kata::agent
