// SPDX-License-Identifier: Apache-2.0
//
// The time to check, load and make each plugin, each in a process of its own because nothing is
// unloaded. Prints one JSON object.
//
//   plugin_load RUNS LIMIT_US      exit 1 when a median is above LIMIT_US
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "core/plugin_host/plugin_host.h"

namespace {

using namespace kata;

double make_once(bool hypervisor, const std::filesystem::path& state_dir) {
  const auto start = std::chrono::steady_clock::now();
  plugin_host::PluginHost host;
  config::PluginChoice choice;
  choice.name = hypervisor ? "qemu" : "virtiofs";
  choice.library = std::string(KATA_PLUGIN_DIR) +
                   (hypervisor ? "/libkata-hypervisor-qemu.so" : "/libkata-fs-virtiofs.so");
  const plugin_host::InstanceContext context{"bench", state_dir, ""};
  std::string failure;
  if (hypervisor) {
    if (auto made = host.hypervisor(choice, context); !made.ok()) failure = made.error().message;
  } else {
    if (auto made = host.shared_filesystem(choice, context); !made.ok())
      failure = made.error().message;
  }
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
  if (!failure.empty()) {
    std::fprintf(stderr, "%s\n", failure.c_str());
    return -1;
  }
  return took.count();
}

// In a child, so that each load is the first one.
double in_child(bool hypervisor, const std::filesystem::path& state_dir) {
  int fds[2];
  if (::pipe(fds) != 0) return -1;
  const pid_t child = ::fork();
  if (child == 0) {
    const double took = make_once(hypervisor, state_dir);
    ::_exit(::write(fds[1], &took, sizeof took) == sizeof took ? 0 : 1);
  }
  double took = -1;
  if (::read(fds[0], &took, sizeof took) != sizeof took) took = -1;
  ::close(fds[0]);
  ::close(fds[1]);
  ::waitpid(child, nullptr, 0);
  return took;
}

double median_of(bool hypervisor, int runs, const std::filesystem::path& state_dir) {
  std::vector<double> times;
  for (int run = 0; run < runs; ++run) times.push_back(in_child(hypervisor, state_dir));
  std::sort(times.begin(), times.end());
  if (times.front() < 0) std::exit(2);
  return times[times.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const int runs = argc > 1 ? std::atoi(argv[1]) : 200;
  const double limit_us = argc > 2 ? std::atof(argv[2]) : 1500;
  char state_dir[] = "/tmp/kata-bench.XXXXXX";
  if (::mkdtemp(state_dir) == nullptr) return 2;
  const double hypervisor = median_of(true, runs, state_dir);
  const double filesystem = median_of(false, runs, state_dir);
  std::filesystem::remove_all(state_dir);
  std::printf(
      "{\"bench\":\"plugin_load\",\"runs\":%d,\"hypervisor_us\":%.0f,\"shared_filesystem_us\":%.0f,"
      "\"limit_us\":%.0f}\n",
      runs, hypervisor, filesystem, limit_us);
  return hypervisor + filesystem <= limit_us ? 0 : 1;
}
