// SPDX-License-Identifier: Apache-2.0
//
// What the machine has on its virtio bus, so that no driver is loaded in vain.
#pragma once

namespace kata::agent {

struct VirtioDevices {
  bool console = false, vsock = false;
};

VirtioDevices virtio_devices(const char* directory = "/sys/bus/virtio/devices");

}  // namespace kata::agent
