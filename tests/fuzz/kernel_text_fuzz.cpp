// SPDX-License-Identifier: Apache-2.0
//
// Texts of the guest's kernel, some of whose words containers choose: mount points, interface names
// and counters. Needs kata::agent_container.
#include <cstdlib>
#include <string>

#include "agent/container/kernel_text.h"

using namespace kata::agent;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const MountLine& mount : parse_mountinfo(text)) {
    check(!mount.mount_point.empty() && !mount.filesystem.empty());
    check(mount.mount_point.size() <= size);
  }
  for (const NetDeviceCounters& device : parse_net_dev(text)) {
    check(!device.name.empty() && device.numbers.size() == 16);
    check(device.name.find_first_of(" \t\n") == std::string::npos);
  }
  for_each_counter(text, [&](std::string_view name, std::uint64_t) {
    check(!name.empty() && name.find('\n') == std::string_view::npos);
  });
  check(cpu_count(text).value_or(0) <= (size + 1) * 65536);
  const auto number = kernel_number(text);
  if (number) check(kernel_number(std::to_string(*number)) == number);
  (void)device_number(text);
  return 0;
}
