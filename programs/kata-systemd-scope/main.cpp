// SPDX-License-Identifier: Apache-2.0
//
// kata-systemd-scope: see --help. It is a program of its own so that no other loads libsystemd.
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "programs/kata-systemd-scope/manager.h"
#include "programs/kata-systemd-scope/options.h"

namespace kata::systemd_scope {

namespace {

std::vector<DeviceAllow> devices() {
  std::ifstream file("/proc/devices");
  const std::string numbers{std::istreambuf_iterator<char>(file), {}};
  return device_names(sandbox::devices_of_a_vmm(numbers), numbers);
}

Result<void> run(const Options& options) {
  const auto manager =
      KATA_TRY(Manager::connect(std::chrono::steady_clock::now() + options.time), "");
  if (!options.start) return manager->stop(options.unit);
  const auto pid = static_cast<std::uint32_t>(options.pid);
  KATA_TRY(manager->start_scope({options.unit, options.slice, pid, devices()}), "");
  std::puts(manager->control_group(options.unit).c_str());
  return {};
}

}  // namespace

}  // namespace kata::systemd_scope

int main(int argc, char** argv) {
  using namespace kata::systemd_scope;
  const auto options = parse_options({argv + 1, argv + argc});
  if (!options.ok()) {
    std::fprintf(stderr, "kata-systemd-scope: %s\n", options.error().message.c_str());
    return 2;
  }
  if (options.value().help) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  const auto done = run(options.value());
  if (done.ok()) return 0;
  std::fprintf(stderr, "%s\n", done.error().message.c_str());
  return 1;
}
