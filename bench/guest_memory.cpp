// SPDX-License-Identifier: Apache-2.0
//
// V12: what the agent costs in a guest. MemAvailable of a guest whose init is the agent, idle,
// against the same kernel and initrd with an init that sleeps, in turn; the bare initrd is ours
// with a second archive behind it that replaces /init.
//
//   guest_memory [ROUNDS]     3; exit 1 when the limit is missed
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "agent.pb.h"
#include "bench/agent/samples.h"
#include "bench/agent/subject.h"
#include "bench/agent/verdicts.h"
#include "health.pb.h"
#include "kata/concat.h"
#include "tests/integration/harness/command.h"

namespace {

using namespace kata;
using namespace kata::bench;
namespace fs = std::filesystem;

constexpr std::chrono::seconds kBoot{60};
constexpr useconds_t kSettle = 2'000'000;  // as long as the sleeping init waits

fs::path make_bare_initrd(const World& world) {
  const fs::path tree = world.directory / "bare", target = world.directory / "bare.img";
  fs::create_directories(tree);
  fs::copy_file(KATA_SLEEPING_INIT, tree / "init");
  const auto made = test::run({"/bin/sh", "-c",
                               concat("cp " KATA_GUEST_DIR "/initrd.img ", target, " && cd ", tree,
                                      " && echo init | cpio --quiet -o -H newc >> ", target)});
  if (made.exit_code != 0) fail(concat("make the bare initrd: ", made.err));
  return target;
}

std::vector<std::string> qemu(const fs::path& initrd, const fs::path& port,
                              const fs::path& serial) {
  return {"/usr/bin/qemu-system-x86_64",
          "-nodefaults",
          "-no-user-config",
          "-display",
          "none",
          "-machine",
          "q35,accel=tcg",
          "-cpu",
          "max",
          "-smp",
          "1",
          "-m",
          "256",
          "-serial",
          concat("file:", serial),
          "-kernel",
          KATA_GUEST_DIR "/vmlinux",
          "-initrd",
          initrd,
          "-append",
          "console=ttyS0 quiet panic=-1",
          "-device",
          "virtio-serial-pci",
          "-chardev",
          concat("socket,id=agent,server=on,wait=off,path=", port),
          "-device",
          "virtserialport,chardev=agent,name=agent.channel.0"};
}

// The number behind `key` in `text`; nothing when it is not there.
std::optional<double> number_behind(const std::string& text, const std::string& key) {
  const std::size_t at = text.find(key);
  if (at == std::string::npos) return std::nullopt;
  return std::atof(text.c_str() + at + key.size());
}

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

double available_bare(const World& world, const fs::path& initrd, const std::string& name) {
  const fs::path serial = world.directory / (name + ".serial");
  const Subject guest(qemu(initrd, world.directory / name, serial), world.directory / name);
  std::optional<double> available;
  const bool told = test::eventually(
      [&] { return (available = number_behind(text_of(serial), "MemAvailable:")).has_value(); },
      kBoot);
  if (!told) fail(concat("the bare guest tells nothing: ", text_of(serial)));
  return *available;
}

double available_with_agent(const World& world, const std::string& name) {
  const fs::path serial = world.directory / (name + ".serial");
  const Subject guest(qemu(KATA_GUEST_DIR "/initrd.img", world.directory / name, serial),
                      world.directory / name);
  Wire wire = guest.connect();
  wire.call<grpc::HealthCheckResponse>("grpc.Health", "Check", grpc::CheckRequest{});
  ::usleep(kSettle);
  const auto metrics =
      wire.call<grpc::Metrics>(kAgentService, "GetMetrics", grpc::GetMetricsRequest{}).metrics();
  const auto bytes = number_behind(metrics, "kata_guest_meminfo{item=\"mem_available\"} ");
  if (!bytes) fail("GetMetrics does not tell mem_available");
  return *bytes / 1024;
}

int measure(const World& world, int rounds) {
  const fs::path initrd = make_bare_initrd(world);
  std::vector<double> bare, ours;
  for (int round = 0; round < rounds; ++round) {
    bare.push_back(available_bare(world, initrd, concat("bare", round)));
    ours.push_back(available_with_agent(world, concat("ours", round)));
  }
  Verdicts table("guest_memory");
  table.add({"V12", "guest memory taken by the agent", "KiB", median(bare) - median(ours),
             at_most(4096, 2048),
             "MemAvailable: sleeping init " + std::to_string(median(bare)) + ", agent " +
                 std::to_string(median(ours))});
  return table.print();
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 3;
  return in_throw_away_world([&](const World& world) { return measure(world, rounds); });
}
