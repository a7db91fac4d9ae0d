// SPDX-License-Identifier: Apache-2.0
#include "agent/virtio_bus.h"

#include <dirent.h>

#include <cstdlib>
#include <memory>

#include "core/base/files.h"
#include "kata/concat.h"

namespace kata::agent {

// Device numbers of the virtio specification.
constexpr unsigned long kConsole = 3;
constexpr unsigned long kVsock = 19;

VirtioDevices virtio_devices(const char* directory) {
  VirtioDevices found;
  const std::unique_ptr<DIR, int (*)(DIR*)> devices(::opendir(directory), ::closedir);
  if (!devices) return found;
  while (const dirent* entry = ::readdir(devices.get())) {
    const auto text = read_file(concat(directory, "/", entry->d_name, "/device"), 64);
    if (!text.ok()) continue;
    const unsigned long number = std::strtoul(text.value().c_str(), nullptr, 16);  // "0x0003"
    found.console = found.console || number == kConsole;
    found.vsock = found.vsock || number == kVsock;
  }
  return found;
}

}  // namespace kata::agent
