// SPDX-License-Identifier: Apache-2.0
//
// C1 to C5: what the short verbs of kata-runtime take beside those of crun and runc, from exec to
// exit, in one run and in turn. No VM runs: these verbs ask none.
//
//   cli_verbs [SAMPLES]     200; exit 1 when a limit is missed
#include <cstdlib>
#include <optional>

#include "bench/agent/fail.h"
#include "bench/agent/floors.h"
#include "bench/agent/samples.h"
#include "bench/agent/verdicts.h"
#include "bench/cli/peer_runtimes.h"
#include "kata/concat.h"
#include "tests/integration/harness/command.h"

namespace {

using namespace kata;
using namespace kata::bench;
using Words = std::vector<std::string>;

struct Runtimes {
  explicit Runtimes(const World& world)
      : ours(world),
        crun(world, "/usr/bin/crun", "status"),
        runc(world, "/usr/sbin/runc", "state.json") {}

  void show_containers(int count) {
    ours.show_containers(count);
    for (PeerRecords* peer : {&crun, &runc})
      if (peer->installed()) peer->show_containers(count);
  }

  OurRecords ours;
  PeerRecords crun, runc;
};

// `verb` as each of them takes it; an empty one is not run.
struct Verbs {
  Words ours{}, crun{}, runc{};
};

struct Times {
  Verbs verbs{};
  Samples ours{}, crun{}, runc{}, floor{};
};

Verbs same(const Words& verb) { return {verb, verb, verb}; }

void sample(const CliRuntime& runtime, const Words& verb, Samples& samples) {
  if (verb.empty() || !runtime.installed()) return;
  const Words command = runtime.command(verb);
  samples.add(timed([&] { run_and_wait(command); }));
}

template <class Before>
Times measure(const Runtimes& all, const Verbs& verbs, int count, const Before& before) {
  Times times{verbs, {}, {}, {}, {}};
  for (int turn = 0; turn < count; ++turn) {
    before();
    sample(all.ours, verbs.ours, times.ours);
    before();
    sample(all.crun, verbs.crun, times.crun);
    before();
    sample(all.runc, verbs.runc, times.runc);
    times.floor.add(timed([] { run_and_wait({"/bin/true"}); }));
  }
  return times;
}

Times measure(const Runtimes& all, const Verbs& verbs, int count) {
  return measure(all, verbs, count, [] {});
}

std::string summary(const Samples& samples) {
  return samples.count() == 0 ? "" : samples.summary();
}

// Of the quickest of each: what other work on the machine adds is not theirs.
std::optional<double> ratio(const Samples& one, const Samples& other) {
  if (other.count() == 0) return std::nullopt;
  return one.least() / other.least();
}

void add_rows(Verdicts& table, const char* id, const std::string& what, const Times& times,
              std::optional<Limit> of_crun, std::optional<Limit> of_runc) {
  table.add({id, what + ", quickest", "ms", times.ours.least() / 1000, std::nullopt,
             times.ours.summary()});
  if (!times.verbs.crun.empty())
    table.add({id, "  / crun", "x", ratio(times.ours, times.crun), of_crun, summary(times.crun)});
  if (!times.verbs.runc.empty())
    table.add({id, "  / runc", "x", ratio(times.ours, times.runc), of_runc, summary(times.runc)});
  table.add({id, "  / vfork+exec+wait of /bin/true", "x", ratio(times.ours, times.floor),
             std::nullopt, summary(times.floor)});
}

void add_list_rows(Verdicts& table, Runtimes& all, int samples) {
  constexpr int kFew = 50, kMany = 500;
  all.show_containers(kFew);
  const Times few = measure(all, same({"list"}), samples);
  add_rows(table, "C2", "list of 50", few, at_most(0.6, 0.4), at_most(0.25, 0.25));
  all.show_containers(kMany);
  const Times many = measure(all, same({"list"}), samples / 4);
  add_rows(table, "C3", "list of 500", many, std::nullopt, std::nullopt);
  table.add(
      {"C3", "  / list of 50", "x", many.ours.least() / few.ours.least(), at_most(10, 10), ""});
  table.add({"C3", "  for each more container", "us",
             (many.ours.least() - few.ours.least()) / (kMany - kFew), at_most(40, 20), ""});
}

void add_text_rows(Verdicts& table, const World& world, const Runtimes& all, int samples) {
  const auto limit = at_most(0.4, 0.4);
  add_rows(table, "C4", "--version", measure(all, same({"--version"}), samples), limit,
           std::nullopt);
  add_rows(table, "C4", "--help", measure(all, same({"--help"}), samples), limit, std::nullopt);
  add_rows(table, "C4", "features", measure(all, {{"features"}, {}, {"features"}}, samples),
           std::nullopt, limit);
  const auto bundle = world.directory / "spec";
  std::filesystem::create_directories(bundle);
  const auto remove = [&] { std::filesystem::remove(bundle / "config.json"); };
  add_rows(table, "C4", "spec", measure(all, same({"spec", "--bundle", bundle}), samples, remove),
           limit, std::nullopt);
}

// Shared objects that one run of a verb opens; none without strace.
std::optional<double> objects_opened(const Words& command) {
  if (::access("/usr/bin/strace", X_OK) != 0) return std::nullopt;
  Words words{"/usr/bin/strace", "-f", "-e", "trace=open,openat"};
  words.insert(words.end(), command.begin(), command.end());
  const std::string calls = kata::test::run(words).err;
  double count = 0;
  for (std::size_t at = calls.find(".so"); at != std::string::npos; at = calls.find(".so", at + 1))
    ++count;
  return count;
}

// callgrind's "Collected : N", in thousands; none without valgrind. crun executes itself once more
// from memory, where callgrind does not follow: it fails there, and what came before is counted.
std::optional<double> instructions(const Words& command) {
  if (::access("/usr/bin/valgrind", X_OK) != 0) return std::nullopt;
  Words words{"/usr/bin/valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"};
  words.insert(words.end(), command.begin(), command.end());
  const auto result = kata::test::run(words);
  const std::size_t at = result.err.find("Collected : ");
  if (at == std::string::npos) fail(concat("callgrind of ", command[0], ": ", result.err));
  return std::atof(result.err.c_str() + at + 12) / 1000;
}

void add_instruction_rows(Verdicts& table, const Runtimes& all) {
  table.add({"C5", "instructions of state", "k", instructions(all.ours.command({"state", "c0"})),
             at_most(600, 250), ""});
  if (all.crun.installed())
    table.add({"C5", "  of crun", "k", instructions(all.crun.command({"state", "c0"})),
               std::nullopt, ""});
  for (const Words& verb : {Words{"state", "c0"}, Words{"features"}})
    table.add({"C4", "shared objects opened by " + verb[0], "",
               objects_opened(all.ours.command(verb)), at_most(0, 0), ""});
}

int measure_all(const World& world, int samples) {
  Verdicts table("cli_verbs");
  Runtimes all(world);
  all.show_containers(1);
  add_rows(table, "C1", "state", measure(all, same({"state", "c0"}), samples), at_most(0.6, 0.35),
           std::nullopt);
  add_text_rows(table, world, all, samples);
  add_instruction_rows(table, all);
  add_list_rows(table, all, samples);
  return table.print();
}

}  // namespace

int main(int argc, char** argv) {
  const int samples = argc > 1 ? std::atoi(argv[1]) : 200;
  return in_throw_away_world([&](const World& world) { return measure_all(world, samples); });
}
