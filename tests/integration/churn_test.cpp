// SPDX-License-Identifier: Apache-2.0
//
// Containers that come and go: what the host has afterwards is what it had before, and what lives
// on does not grow. KATA_TEST_CYCLES: so many with the fake VM, and a twentieth with QEMU.
#include <dirent.h>
#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>

#include "kata/concat.h"
#include "tests/integration/harness/bundle.h"
#include "tests/integration/harness/crash.h"

using namespace kata;
using namespace kata::test;
namespace fs = std::filesystem;
using Vmm = CrashStage::Vmm;

namespace {

constexpr long kDefaultCycles = 40, kQemuShare = 20;
constexpr long kGrowthKib = 256;           // of a process: caches of its allocator
constexpr long kGrowthBytesPerCycle = 64;  // of a process, beside that

long cycles() {
  const char* const chosen = ::getenv("KATA_TEST_CYCLES");
  return chosen == nullptr ? kDefaultCycles : std::max(std::strtol(chosen, nullptr, 10), 20L);
}

long count_in(const fs::path& directory) {
  return std::distance(fs::directory_iterator(directory), fs::directory_iterator());
}

// A line "Name:   123 kB" of a file in /proc; 0: it has none.
long number_in(const fs::path& file, const std::string& name) {
  std::ifstream lines(file);
  long number = 0;
  for (std::string word; lines >> word;)
    if (word == name + ":" && lines >> number) return number;
  return 0;
}

long lines_of(const fs::path& file) {
  std::ifstream lines(file);
  long count = 0;
  for (std::string line; std::getline(lines, line);) ++count;
  return count;
}

struct Use {
  long descriptors, threads, rss_kib;
};

Use use_of(pid_t pid) {
  const fs::path proc = fs::path("/proc") / std::to_string(pid);
  return {count_in(proc / "fd"), count_in(proc / "task"), number_in(proc / "status", "VmRSS")};
}

void live_once(const CrashStage& stage) {
  for (const auto& verb : {stage.create_verb(), {"start", "c1"}, {"delete", "--force", "c1"}}) {
    const CommandResult result = stage.runtime()(verb);
    REQUIRE_MESSAGE(result.exit_code == 0, verb[0] << ": " << result.err);
  }
}

void churn_sandboxes(Vmm vmm, long count) {
  const CrashStage stage(vmm);
  live_once(stage);
  const long mounts = lines_of("/proc/self/mountinfo"),
             free = number_in("/proc/meminfo", "MemAvailable"),
             slab = number_in("/proc/meminfo", "SUnreclaim");
  const auto began = std::chrono::steady_clock::now();
  for (long cycle = 0; cycle < count; ++cycle) live_once(stage);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  CHECK(lines_of("/proc/self/mountinfo") == mounts);
  stage.check_clean_up();
  MESSAGE(count << " cycles, " << took.count() * 1000 / static_cast<double>(count)
                << " ms each; of the host: available memory " << free << " -> "
                << number_in("/proc/meminfo", "MemAvailable") << " KiB, unreclaimable slab " << slab
                << " -> " << number_in("/proc/meminfo", "SUnreclaim") << " KiB");
}

// A bundle for containers of the pod "c1", in its network namespace.
void make_member(const Runtime& runtime) {
  std::ifstream pod(runtime.bundle("bundle") / "config.json");
  nlohmann::json spec = nlohmann::json::parse(pod);
  spec["annotations"] = {{"io.kubernetes.cri.container-type", "container"},
                         {"io.kubernetes.cri.sandbox-id", "c1"}};
  runtime.make("member", spec);
}

void live_in_pod(const Runtime& runtime, long cycle) {
  const std::string id = concat("m", std::to_string(cycle));
  for (const std::vector<std::string>& verb :
       std::vector<std::vector<std::string>>{{"create", "--bundle", runtime.bundle("member"), id},
                                             {"start", id},
                                             {"exec", id, "/bin/true"},
                                             {"delete", "--force", id}}) {
    const CommandResult result = runtime(verb);
    REQUIRE_MESSAGE(result.exit_code == 0, verb[0] << ": " << result.err);
  }
}

pid_t process_of(const Runtime& runtime, const char* name) {
  nlohmann::json record;
  std::ifstream(runtime.root() / "c1/sandbox.json") >> record;
  return record.at(name).at("pid");
}

}  // namespace

TEST_CASE("sandboxes that come and go leave the host as it was") {
  churn_sandboxes(Vmm::kFake, cycles());
}

TEST_CASE("real VMs that come and go leave the host as it was") {
  churn_sandboxes(Vmm::kQemu, std::max(cycles() / kQemuShare, 1L));
}

TEST_CASE("a pod whose containers come and go does not grow") {
  const CrashStage stage(Vmm::kFake);
  stage.bring_to("running");
  make_member(stage.runtime());
  const pid_t proxy = process_of(stage.runtime(), "proxy");
  const long warm_up = cycles() / 4, rest = cycles() - warm_up;
  for (long cycle = 0; cycle < warm_up; ++cycle) live_in_pod(stage.runtime(), cycle);
  const Use before = use_of(proxy);
  for (long cycle = 0; cycle < rest; ++cycle) live_in_pod(stage.runtime(), cycle);
  const Use after = use_of(proxy);
  CHECK(after.descriptors == before.descriptors);
  CHECK(after.threads == before.threads);
  CHECK(after.rss_kib - before.rss_kib <= kGrowthKib + rest * kGrowthBytesPerCycle / 1024);
  MESSAGE("kata-proxy over " << rest << " containers: " << before.rss_kib << " -> " << after.rss_kib
                             << " KiB, " << after.descriptors << " descriptors, " << after.threads
                             << " threads");
  stage.check_clean_up();
}
