// SPDX-License-Identifier: Apache-2.0
//
// C6, V1 to V6 and V10: what the verbs that need a VM take, beside bare QEMU with the same kernel
// and initrd, and beside crun for what the client itself spends. One run, in turn. The bare machine
// is told the words that one types by hand, and once more those of our guest: what a bring-up takes
// beside the latter is more than the agent's share (V3), which the agent itself tells by the
// guest's clock: plugins, file server, and more devices to find are in it.
//
//   vm_verbs [ROUNDS]     10; exit 1 when a limit is missed
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "bench/agent/fail.h"
#include "bench/agent/samples.h"
#include "bench/agent/verdicts.h"
#include "bench/bare_machine.h"
#include "bench/cli/agent_boot.h"
#include "bench/cli/peer_runtimes.h"
#include "bench/cli/sandbox_cost.h"
#include "kata/concat.h"
#include "tests/integration/harness/bundle.h"
#include "tests/integration/harness/runtime.h"

namespace {

using namespace kata;
using namespace kata::bench;
using nlohmann::json;
namespace fs = std::filesystem;
using Words = std::vector<std::string>;

const Words kSleep = {"/bin/sleep", "1000"};
constexpr double kMillisecond = 1000;  // in microseconds, which Samples has

json in_pod(json spec, const char* type) {
  spec["annotations"]["io.kubernetes.cri.container-type"] = type;
  spec["annotations"]["io.kubernetes.cri.sandbox-id"] = "pod";
  return spec;
}

// A control group that no sandbox of another root has.
json spec_of(const World& world, const char* group, const Words& args) {
  json spec = test::default_spec(args);
  spec["linux"]["cgroupsPath"] = concat(world.cgroup, '-', group);
  return spec;
}

// The runtime of the tests with its bundles.
struct Stage {
  explicit Stage(const World& world) {
    quick = runtime.make("quick", spec_of(world, "quick", {"/bin/true"}));
    sleeper = runtime.make("sleeper", spec_of(world, "sleeper", kSleep));
    pod = runtime.make("pod-bundle", in_pod(spec_of(world, "pod", kSleep), "sandbox"));
    second = runtime.make("second", in_pod(spec_of(world, "second", kSleep), "container"));
  }

  void run(const Words& verb) const {
    const auto result = runtime(verb);
    if (result.exit_code != 0) fail(concat("kata-runtime ", verb[0], ": ", result.err));
  }
  double timed_run(const Words& verb) const {
    return timed([&] { run(verb); });
  }
  double cpu_ms(const Words& verb) const { return cpu_ms_of(runtime.command(verb)); }

  const test::Runtime runtime{};
  fs::path quick{}, sleeper{}, pod{}, second{};
};

// The words that our guest's kernel is told.
std::string kernel_words(const Stage& stage) {
  stage.run({"run", "--detach", "--bundle", stage.sleeper, "words"});
  std::string words = stage.runtime({"exec", "words", "/bin/cat", "/proc/cmdline"}).out;
  stage.run({"delete", "--force", "words"});
  if (words.empty()) fail("read the guest's /proc/cmdline");
  words.pop_back();
  return words;
}

struct Measured {
  Samples ours{}, bare{}, tuned{};               // V1
  Samples outside_vmm{}, up{}, bare_ready{};     // V2, V3
  Samples agent_answers{}, agent_complete{};     // V3
  Samples client{}, crun_client{};               // C6
  Samples deleted{};                             // V6
  Samples second_container{}, exec{}, memory{};  // V4, V5, V10
};

// "the sandbox is up" of the proxy's log.
double bring_up_us(const fs::path& log) {
  std::ifstream file(log);
  for (std::string line; std::getline(file, line);) {
    const std::size_t at = line.find("ms=\"", line.find("the sandbox is up"));
    if (at != std::string::npos) return std::atof(line.c_str() + at + 4) * kMillisecond;
  }
  fail(concat("'", log, "' does not say how long the bring-up took"));
}

void measure_life(const Stage& stage, Measured& measured) {
  const fs::path root = stage.runtime.root();
  double client = stage.cpu_ms({"create", "--bundle", stage.sleeper, "c1"});
  client += stage.cpu_ms({"start", "c1"});
  measured.up.add(bring_up_us(root / "c1" / "proxy.log"));
  const AgentBoot boot = agent_boot(root / "c1" / "hv" / "console.log");
  measured.agent_answers.add(boot.answer_us);
  measured.agent_complete.add(boot.complete_us);
  const auto helpers = helpers_of_sandbox(root, "c1");
  const double before_delete = cpu_ms_so_far(helpers);
  measured.memory.add(pss_mib(helpers));
  double deleting = 0;
  measured.deleted.add(timed([&] { deleting = stage.cpu_ms({"delete", "--force", "c1"}); }));
  client += deleting;
  measured.client.add(client * kMillisecond);
  measured.outside_vmm.add((client + before_delete) * kMillisecond);
}

void measure_peer_client(const PeerRecords& crun, const fs::path& bundle, Measured& measured) {
  if (!crun.installed()) return;
  double cpu = cpu_ms_of(crun.command({"create", "--bundle", bundle, "p1"}));
  cpu += cpu_ms_of(crun.command({"start", "p1"}));
  cpu += cpu_ms_of(crun.command({"delete", "--force", "p1"}));
  measured.crun_client.add(cpu * kMillisecond);
}

void measure_in_sandbox(const Stage& stage, int rounds, Measured& measured) {
  stage.run({"run", "--detach", "--bundle", stage.pod, "pod"});
  for (int round = 0; round < rounds * 3; ++round)
    measured.exec.add(stage.timed_run({"exec", "pod", "/bin/true"}));
  for (int round = 0; round < rounds; ++round) {
    measured.second_container.add(stage.timed_run({"create", "--bundle", stage.second, "c2"}) +
                                  stage.timed_run({"start", "c2"}));
    stage.run({"delete", "--force", "c2"});
  }
  stage.run({"delete", "--force", "pod"});
}

void add_rows(Verdicts& table, const Measured& m) {
  const auto ms = [](const Samples& samples) { return samples.median() / kMillisecond; };
  const std::optional<double> client =
      m.crun_client.count() == 0 ? std::nullopt
                                 : std::optional(m.client.median() / m.crun_client.median());
  table.add({"C6", "CPU of create, start, delete, client only", "ms", ms(m.client), std::nullopt,
             m.client.summary()});
  table.add({"C6", "  / crun", "x", client, at_most(1.0, 0.7),
             m.crun_client.count() == 0 ? "" : m.crun_client.summary()});
  table.add({"V1", "run of true / bare QEMU", "x", m.ours.median() / m.bare.median(),
             at_most(1.12, 1.05), m.ours.summary()});
  table.add({"V1", "  more than bare QEMU", "ms", ms(m.ours) - ms(m.bare), at_most(180, 80),
             m.bare.summary()});
  table.add({"V1", "  / bare QEMU with our kernel's words", "x", m.ours.median() / m.tuned.median(),
             std::nullopt, m.tuned.summary()});
  table.add({"V2", "host CPU outside QEMU for a run", "ms", ms(m.outside_vmm), at_most(120, 50),
             m.outside_vmm.summary()});
  table.add({"V3", "agent: first instruction to first answer", "ms", ms(m.agent_answers),
             at_most(60, 30), m.agent_answers.summary()});
  table.add({"V3", "  and to the end of its set-up", "ms", ms(m.agent_complete), std::nullopt,
             m.agent_complete.summary()});
  table.add({"V3", "  sandbox up - bare guest with our words ready", "ms",
             ms(m.up) - ms(m.bare_ready), std::nullopt, m.up.summary()});
  table.add({"V4", "2nd container, create and start", "ms", ms(m.second_container),
             at_most(150, 80), m.second_container.summary()});
  table.add({"V5", "exec of true", "ms", ms(m.exec), at_most(120, 120), m.exec.summary()});
  table.add({"V6", "delete --force until all is gone", "ms", ms(m.deleted), at_most(300, 100),
             m.deleted.summary()});
  table.add({"V10", "PSS of all but the VMM", "MiB", m.memory.median(), at_most(12, 6), ""});
}

int measure(const World& world, int rounds) {
  const PeerRecords crun(world, "/usr/bin/crun", "status");
  const Stage stage(world);  // after it: what is there before is no leak
  const BareMachine bare(stage.runtime.directory());
  const std::string words = kernel_words(stage);
  Measured measured;
  for (int round = 0; round < rounds; ++round) {
    measured.bare.add(bare.boot(kPlainKernelWords).end * 1e6);
    const BareTimes tuned = bare.boot(words);
    measured.tuned.add(tuned.end * 1e6);
    measured.bare_ready.add(tuned.ready * 1e6);
    measured.ours.add(stage.timed_run({"run", "--bundle", stage.quick, "c1"}));
    measure_life(stage, measured);
    measure_peer_client(crun, world.directory / "crun-bundle", measured);
  }
  measure_in_sandbox(stage, rounds, measured);
  if (const std::string left = stage.runtime.leaked(); !left.empty()) fail("left behind: " + left);
  Verdicts table("vm_verbs");
  add_rows(table, measured);
  return table.print();
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 10;
  return in_throw_away_world([&](const World& world) { return measure(world, rounds); });
}
