// SPDX-License-Identifier: Apache-2.0
//
// Texts that reach the agent from outside: events of the kernel, addresses of disks, its
// configuration. Needs kata::agent_core.
#include <cstdlib>
#include <string>

#include "agent/config_file.h"
#include "agent/devices/disk_address.h"
#include "agent/devices/uevent.h"
#include "agent/devices/vfio.h"

using namespace kata::agent;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto event = parse_uevent(text)) {
    check(!event->action.empty() && !event->subsystem.empty());
    check(event->devpath.starts_with('/'));
  }
  for (const char* driver : {"blk", "scsi", "mmioblk", "nvdimm"}) {
    const auto address = parse_disk_address(driver, text);
    if (!address.ok()) continue;
    if (const auto* const named = std::get_if<NamedDisk>(&address.value()))
      check(named->name.find('/') == std::string::npos && named->name != "..");
  }
  (void)parse_vfio_option(text).ok();
  const auto settings = parse_config_file(text);
  if (settings.ok())
    for (const FileSetting& setting : settings.value())
      check(!setting.key.empty() && setting.line > 0);
  AgentConfig config;
  (void)apply_kernel_command_line(text, config);
  check(config.hotplug_timeout.count() > 0);
  return 0;
}
