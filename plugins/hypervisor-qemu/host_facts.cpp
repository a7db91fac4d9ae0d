// SPDX-License-Identifier: Apache-2.0
#include "host_facts.h"

#include <fcntl.h>

#include <cerrno>
#include <fstream>

#include "kata/unique_fd.h"

namespace kata::qemu {
namespace {

int errno_of_opening(const char* device) {
  const UniqueFd fd(::open(device, O_RDWR | O_CLOEXEC));
  return fd ? 0 : errno;
}

std::string read_cpu_flags() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  for (std::string line; std::getline(cpuinfo, line);)
    if (line.starts_with("flags")) return line.substr(line.find(':') + 1);
  return {};
}

}  // namespace

HostFacts read_host_facts() {
  return {errno_of_opening("/dev/kvm"), errno_of_opening("/dev/vhost-vsock"),
          errno_of_opening("/dev/vhost-net"), read_cpu_flags()};
}

bool has_cpu_flag(std::string_view flags, std::string_view flag) {
  for (std::size_t at = 0; (at = flags.find(flag, at)) != std::string_view::npos; ++at) {
    const std::size_t end = at + flag.size();
    if ((at == 0 || flags[at - 1] == ' ') && (end == flags.size() || flags[end] == ' '))
      return true;
  }
  return false;
}

}  // namespace kata::qemu
